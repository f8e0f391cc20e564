"""Attribute names as people read them: `cable_length_m` is "cable length", its values are in metres."""

import re

AttributeValue = str | int | float | bool

# The last part of an attribute's name may say the unit of its numbers (docs/catalogue-format.md lists them).
UNITS = {
    "cdm2": "cd/m²",
    "cm": "cm",
    "db": "dB",
    "deg": "°",
    "dpi": "dpi",
    "g": "g",
    "gb": "GB",
    "ghz": "GHz",
    "gsm": "g/m²",
    "hours": "hours",
    "hz": "Hz",
    "inch": "inches",
    "j": "J",
    "kg": "kg",
    "l": "litres",
    "lm": "lumens",
    "m": "m",
    "mah": "mAh",
    "mb": "MB",
    "mbs": "MB/s",
    "mhz": "MHz",
    "minutes": "minutes",
    "mm": "mm",
    "ms": "ms",
    "nm": "nm",
    "ppm": "pages a minute",
    "rpm": "rpm",
    "v": "V",
    "va": "VA",
    "w": "W",
    "wh": "Wh",
}

_SINGULAR = {"hours": "hour", "inches": "inch", "litres": "litre", "lumens": "lumen", "minutes": "minute"}

_SPELLING = {
    "3g": "3G",
    "4g": "4G",
    "ac": "AC",
    "awg": "AWG",
    "auto mdi mdi x": "auto MDI/MDI-X",
    "bluetooth": "Bluetooth",
    "d sub": "D-Sub",
    "dc": "DC",
    "dimm": "DIMM",
    "dhcp": "DHCP",
    "directx": "DirectX",
    "dvi d": "DVI-D",
    "dvi i": "DVI-I",
    "dvi": "DVI",
    "ecc": "ECC",
    "ethernet": "Ethernet",
    "fm": "FM",
    "gps": "GPS",
    "hdmi": "HDMI",
    "hdd": "HDD",
    "i o": "I/O",
    "iso": "ISO",
    "kvm": "KVM",
    "lan": "LAN",
    "lcd": "LCD",
    "led": "LED",
    "nfc": "NFC",
    "opengl": "OpenGL",
    "pci": "PCI",
    "pdu": "PDU",
    "ps 2": "PS/2",
    "raid": "RAID",
    "rj 11": "RJ-11",
    "rj 45": "RJ-45",
    "sata": "SATA",
    "ssd": "SSD",
    "tv": "TV",
    "ups": "UPS",
    "usb 2 0": "USB 2.0",
    "usb": "USB",
    "uv": "UV",
    "vga": "VGA",
    "wan": "WAN",
    "wi fi": "Wi-Fi",
    "windows": "Windows",
    "wlan": "WLAN",
}
_SPELLED = re.compile(r"\b(" + "|".join(sorted(map(re.escape, _SPELLING), key=len, reverse=True)) + r")\b")


def unit(name: str) -> str | None:
    """The unit that the name promises, or None."""
    stem, _, last = name.rpartition("_")
    # `2_4_ghz` is a name for a radio band, not a number of gigahertz.
    return UNITS.get(last) if stem and not stem[-1].isdigit() else None


def label(name: str) -> str:
    """`usb_2_0_ports_quantity` is `USB 2.0 ports quantity`; `cable_length_m` is `cable length`; `Fit` stays."""
    if name != name.lower() or " " in name:
        return name
    words = name.rpartition("_")[0] if unit(name) else name
    return _SPELLED.sub(lambda match: _SPELLING[match[1]], words.replace("_", " "))


def quantity(name: str, value: float) -> str:
    """A number with its unit as running text: `2.3 kg`, `15.6 inches`, `178°`."""
    measure = unit(name)
    if measure == "g" and value >= 1000:
        value, measure = value / 1000, "kg"
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
    if value == 1:
        measure = _SINGULAR.get(measure or "", measure)
    return text if measure is None else f"{text}{'' if measure == '°' else ' '}{measure}"


def listed(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(items[:-1]), items[-1] if items else ""]))
