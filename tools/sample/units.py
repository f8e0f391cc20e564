"""Which facts of the source are kept, under which name. The source leaves units out; here the name carries them."""

# Source name -> name with unit. A name that stands here is trusted to have that unit on every product type.
UNITS = {
    "ac_adapter_power": "ac_adapter_power_w",
    "ac_input_frequency": "ac_input_frequency_hz",
    "battery_capacity_watt_hours": "battery_capacity_wh",
    "battery_voltage": "battery_voltage_v",
    "bulb_power": "bulb_power_w",
    "cable_length": "cable_length_m",
    "depth": "depth_mm",
    "diameter": "diameter_mm",
    "display_brightness": "display_brightness_cdm2",
    "display_brightness_typical": "display_brightness_cdm2",
    "display_diagonal": "display_diagonal_inch",
    "fan_diameter": "fan_diameter_mm",
    "filter_size": "filter_size_mm",
    "hdd_capacity": "hdd_capacity_gb",
    "height": "height_mm",
    "label_height": "label_height_mm",
    "label_width": "label_width_mm",
    "lamp_power": "lamp_power_w",
    "length": "length_mm",
    "maximum_refresh_rate": "maximum_refresh_rate_hz",
    "maximum_screen_size_compatibility": "maximum_screen_size_inch",
    "maximum_weight_capacity": "maximum_load_kg",
    "media_weight": "media_weight_gsm",
    "memory_clock_speed": "memory_clock_speed_mhz",
    "minimum_doll_height": "doll_height_mm",
    "movement_resolution": "movement_resolution_dpi",
    "noise_level": "noise_level_db",
    "nominal_input_voltage": "nominal_input_voltage_v",
    "nominal_output_voltage": "nominal_output_voltage_v",
    "output_power": "output_power_w",
    "output_power_capacity": "output_power_capacity_va",
    "power": "power_w",
    "power_consumption_typical": "power_consumption_w",
    "print_media_weight": "media_weight_gsm",
    "processor_boost_frequency": "processor_boost_frequency_ghz",
    "processor_frequency": "processor_frequency_ghz",
    "processor_lithography": "processor_lithography_nm",
    "projector_brightness": "projector_brightness_lm",
    "read_speed": "read_speed_mbs",
    "rms_rated_power": "speaker_power_w",
    "roll_length": "roll_length_m",
    "rotational_speed": "rotational_speed_rpm",
    "service_life_of_lamp": "lamp_life_hours",
    "service_life_of_light_source": "lamp_life_hours",
    "ssd_capacity": "ssd_capacity_gb",
    "surge_energy_rating": "surge_energy_rating_j",
    "tape_length": "tape_length_m",
    "tape_width": "tape_width_mm",
    "thermal_design_power_tdp": "thermal_design_power_w",
    "thickness": "thickness_mm",
    "total_power": "total_power_w",
    "total_storage_capacity": "total_storage_capacity_gb",
    "typical_backup_time_at_full_load": "backup_time_at_full_load_minutes",
    "typical_backup_time_at_half_load": "backup_time_at_half_load_minutes",
    "viewing_angle_horizontal": "viewing_angle_deg",
    "water_tank_capacity": "water_tank_capacity_l",
    "weight": "weight_g",
    "width": "width_mm",
    "write_speed": "write_speed_mbs",
}

# The unit of these depends on what the product is.
UNITS_BY_TYPE = {
    ("Backpack", "capacity"): "capacity_l",
    ("Computer case", "power_supply"): "power_supply_w",
    ("Computer monitor", "response_time"): "response_time_ms",
    ("Household battery", "battery_capacity"): "battery_capacity_mah",
    ("Memory card", "capacity"): "capacity_gb",
    ("Networking cable", "frequency"): "frequency_mhz",
    ("Notebook", "internal_memory"): "internal_memory_gb",
    ("Server", "power_supply"): "power_supply_w",
    ("Smartwatch", "battery_capacity"): "battery_capacity_mah",
    ("TV", "response_time"): "response_time_ms",
    ("USB flash drive", "capacity"): "capacity_gb",
}

# Numbers that are counts and need no unit.
COUNTS = frozenset(
    {"black_toner_page_yield", "colour_toner_page_yield", "page_yield", "labels_per_pack", "labels_per_sheet"}
    | {"media_sheets_per_package", "sheets_per_pack", "quantity_per_pack", "recommended_age_min", "processor_threads"}
    | {
        "processor_cores",
        "keyboard_number_of_keys",
        "number_of_years",
        "capacity_in_cups",
        "digits",
        "usb_2_0_connectors",
    }
    | {"total_input_capacity", "maximum_capacity", "headphone_outputs", "pci_slots", "awg_wire_size"}
)

# Readings outside of these are slips of the source: a cable of 13 kg, a processor of 2,930 GHz.
SANE = {
    "cable_length_m": (0.05, 500),
    "display_diagonal_inch": (0.5, 110),
    "processor_frequency_ghz": (0.1, 7),
    "processor_boost_frequency_ghz": (0.1, 7),
    "weight_g": (1, 100_000),
    "width_mm": (1, 3_000),
    "height_mm": (1, 3_000),
    "depth_mm": (1, 3_000),
}

RENAMED = {
    "product_colour": "colour",
    "wi_fi": "wi_fi",
}

# What a shopper does not shop by: logistics, paperwork, catalogue keeping, laboratory figures.
NOISE = (
    "package pallet master_outer carton shipping packaging imperial harmonized customs ark_id status last_change "
    "market segment launch_date born_on expected_discontinuance product_family product_series product_name "
    "images_type manual quick_start minimum_order certification rohs safety conflict compliance country_of_origin "
    "humidity temperature altitude embedded_options idle_states transistors die_size tcase tjunction vid_voltage "
    "stepping bus_core fsb processor_code codename intel_ execute_disable physical_address enhanced_ "
    "thermal_monitoring operating_modes bus_type bus_bandwidth bus_speed system_requirements gtin ean_upc "
    "warranty_card electromagnetic mtbf mean_time minimum_processor bundled driver recycling shelf_life archival "
    "duty_cycle uk_ _uk dimensions_open scalability thermal_solution low_halogen easy_to quantity_per_box "
    "number_of_products hp_ oem_code processor_manufacturer acoustic power_consumption_off core_diameter cladding "
    "sustainability graphics_imc supported_operating compatible_operating windows_operating linux_operating "
    "mac_operating configuration_max qpi_link programming_power row_ downloadable coloration technical_features "
    "other_features colour_name dimensions special_features purpose service_time "
).split()
