# ruff: noqa: E501 - one garment a row
"""The garments as a table: style | what it is | fabric | facts | price in USD | colour codes."""

COLOURS = {
    "blk": "Black",
    "wht": "White",
    "ivo": "Ivory",
    "gry": "Grey",
    "chr": "Charcoal",
    "nvy": "Navy",
    "blu": "Blue",
    "sky": "Sky blue",
    "ind": "Indigo",
    "grn": "Forest green",
    "olv": "Olive",
    "sag": "Sage",
    "red": "Red",
    "bur": "Burgundy",
    "rus": "Rust",
    "pnk": "Pink",
    "lil": "Lilac",
    "yel": "Mustard",
    "snd": "Sand",
    "cam": "Camel",
    "brn": "Brown",
    "tea": "Teal",
}

SIZES = {
    "women": "XS S M L XL XXL",
    "women-short": "XS S M L XL",
    "men": "S M L XL XXL",
    "men-short": "S M L XL",
    "waist-women": "25 26 27 28 29 30",
    "waist-men": "30 31 32 33 34 36",
    "kids": "2Y 4Y 6Y 8Y 10Y",
    "kids-big": "6Y 8Y 10Y 12Y",
}

LARGE = frozenset({"XXL"})

CARE = {
    "waxed cotton": "Sponge clean with cold water, re-wax once a year",
    "cotton": "Machine wash at 40 °C, tumble dry low",
    "linen": "Machine wash at 30 °C, line dry, iron while damp",
    "viscose": "Machine wash at 30 °C, gentle cycle, do not tumble dry",
    "lyocell": "Machine wash at 30 °C, gentle cycle, line dry",
    "polyester": "Machine wash at 30 °C, do not iron",
    "polyamide": "Machine wash at 30 °C, do not iron, do not bleach",
    "wool": "Hand wash cold, dry flat",
    "cashmere": "Hand wash cold, dry flat",
    "silk": "Dry clean only",
    "modal": "Machine wash at 30 °C, line dry",
    "leather": "Wipe clean with a damp cloth",
}

# Women > Dresses | size range | brands that make them
GARMENTS = {
    "Women > Dresses | women | Vellune Row, Tarrow & Sunne, Ostrelane": """
Juniper | Wrap Midi Dress | 100% viscose | fit=Regular; neckline=V-neck; sleeve_length=Long; length=Midi; pattern=Plain; season=All year | 89 | blk grn rus bur
Marigold | Shirt Dress | 100% cotton | fit=Relaxed; neckline=Shirt collar; sleeve_length=Long; length=Knee; pattern=Striped; season=Summer | 74 | sky wht nvy
Saltmarsh | Linen Sundress | 100% linen | fit=Relaxed; neckline=Square; sleeve_length=Sleeveless; length=Midi; pattern=Plain; season=Summer | 95 | snd sag wht tea
Bramble | Knit Jumper Dress | 80% wool, 20% polyamide | fit=Slim; neckline=Roll neck; sleeve_length=Long; length=Knee; pattern=Ribbed; season=Winter | 118 | chr cam bur
Ottoline | Slip Evening Dress | 100% silk | fit=Slim; neckline=Cowl; sleeve_length=Sleeveless; length=Maxi; pattern=Plain; season=All year | 215 | blk ivo grn
Pimpernel | Floral Tea Dress | 100% viscose | fit=Fitted; neckline=Sweetheart; sleeve_length=Short; length=Midi; pattern=Floral; season=Summer | 82 | nvy red yel
Fennimore | Tiered Maxi Dress | 100% cotton | fit=Loose; neckline=Round neck; sleeve_length=Three-quarter; length=Maxi; pattern=Plain; season=Summer | 98 | wht rus ind olv
""",
    "Women > Tops | women | Vellune Row, Tarrow & Sunne, Quillermoor": """
Wren | Crew Neck T-Shirt | 100% organic cotton | fit=Regular; neckline=Crew neck; sleeve_length=Short; pattern=Plain; season=All year | 24 | wht blk gry sag lil
Heron | Breton Top | 95% cotton, 5% elastane | fit=Regular; neckline=Boat neck; sleeve_length=Long; pattern=Striped; season=All year | 38 | nvy red blk
Tansy | Puff Sleeve Blouse | 100% cotton | fit=Relaxed; neckline=V-neck; sleeve_length=Short; pattern=Broderie; season=Summer | 52 | wht sky pnk
Linnet | Ribbed Vest Top | 94% modal, 6% elastane | fit=Slim; neckline=Scoop neck; sleeve_length=Sleeveless; pattern=Ribbed; season=Summer | 22 | blk wht snd brn
Celandine | Pleated Silk Blouse | 100% silk | fit=Regular; neckline=Tie neck; sleeve_length=Long; pattern=Plain; season=All year | 128 | ivo blk tea
Dunlin | Henley Top | 100% cotton | fit=Regular; neckline=Henley; sleeve_length=Long; pattern=Plain; season=Autumn | 42 | ivo olv bur
Orache | Printed Smock Top | 100% viscose | fit=Loose; neckline=Round neck; sleeve_length=Three-quarter; pattern=Floral; season=Spring | 48 | nvy rus grn
""",
    "Women > Knitwear | women | Harrowby Loom, Ostrelane, Quillermoor": """
Thistle | Cable Knit Jumper | 100% lambs wool | fit=Relaxed; neckline=Crew neck; sleeve_length=Long; pattern=Cable; season=Winter | 96 | ivo gry nvy rus
Merlin | Fine Cardigan | 100% merino wool | fit=Regular; neckline=V-neck; sleeve_length=Long; closure=Buttons; pattern=Plain; season=All year | 84 | blk cam tea lil
Fathom | Cashmere Roll Neck | 100% cashmere | fit=Regular; neckline=Roll neck; sleeve_length=Long; pattern=Plain; season=Winter | 198 | chr cam bur
Sheldrake | Fair Isle Jumper | 85% wool, 15% polyamide | fit=Regular; neckline=Crew neck; sleeve_length=Long; pattern=Fair Isle; season=Winter | 104 | nvy red grn
Plover | Cotton Knit Tank | 100% cotton | fit=Slim; neckline=Round neck; sleeve_length=Sleeveless; pattern=Ribbed; season=Summer | 46 | snd sky pnk
""",
    "Women > Jeans | waist-women | Marrowdean, Quillermoor": """
Harbour | High-Rise Straight Jeans | 99% cotton, 1% elastane | fit=Straight; rise=High; length=Ankle; closure=Zip fly; pattern=Plain; season=All year | 88 | ind blk sky
Quarry | Wide-Leg Jeans | 100% cotton | fit=Wide; rise=High; length=Full; closure=Button fly; pattern=Plain; season=All year | 94 | ind ivo chr
Slipway | Skinny Jeans | 92% cotton, 6% polyester, 2% elastane | fit=Skinny; rise=Mid; length=Full; closure=Zip fly; pattern=Plain; season=All year | 72 | ind blk gry
Kelter | Slim Boyfriend Jeans | 98% cotton, 2% elastane | fit=Relaxed; rise=Mid; length=Cropped; closure=Button fly; pattern=Washed; season=All year | 79 | sky ind blk
""",
    "Women > Skirts | women-short | Vellune Row, Ostrelane": """
Larkspur | Pleated Midi Skirt | 100% recycled polyester | fit=A-line; length=Midi; closure=Side zip; pattern=Plain; season=All year | 64 | blk sag bur
Sorrel | Corduroy Mini Skirt | 100% cotton | fit=A-line; length=Mini; closure=Buttons; pattern=Corduroy; season=Autumn | 54 | rus cam grn
Campion | Linen Wrap Skirt | 100% linen | fit=Wrap; length=Midi; closure=Tie; pattern=Plain; season=Summer | 69 | snd wht tea
Teasel | Wool Pencil Skirt | 70% wool, 30% polyester | fit=Slim; length=Knee; closure=Back zip; pattern=Plain; season=Winter | 86 | chr nvy brn
""",
    "Women > Coats & Jackets | women | Ostrelane, Harrowby Loom, Marrowdean": """
Winterfold | Wool Wrap Coat | 80% wool, 20% polyamide | fit=Relaxed; length=Midi; closure=Belt; lining=Fully lined; pattern=Plain; season=Winter | 249 | cam blk gry
Drizzle | Packable Rain Jacket | 100% recycled polyester | fit=Regular; length=Hip; closure=Zip; hood=Yes; waterproof=Yes; pattern=Plain; season=Spring | 128 | yel nvy olv red
Foxglove | Denim Jacket | 100% cotton | fit=Regular; length=Waist; closure=Buttons; pattern=Plain; season=Spring | 98 | ind sky ivo
Hearth | Quilted Gilet | 100% recycled polyamide | fit=Regular; length=Hip; closure=Zip; lining=Fully lined; pattern=Quilted; season=Autumn | 89 | olv blk rus
Meridian | Trench Coat | 100% cotton | fit=Regular; length=Knee; closure=Double-breasted; lining=Half lined; pattern=Plain; season=Spring | 219 | snd nvy blk
""",
    "Women > Jumpsuits | women-short | Tarrow & Sunne, Vellune Row": """
Gorse | Utility Jumpsuit | 100% cotton | fit=Relaxed; neckline=Shirt collar; sleeve_length=Short; length=Ankle; closure=Buttons; pattern=Plain; season=All year | 92 | olv ind blk
Verbena | Wide-Leg Jumpsuit | 100% lyocell | fit=Wide; neckline=V-neck; sleeve_length=Sleeveless; length=Full; closure=Side zip; pattern=Plain; season=Summer | 105 | blk tea rus
""",
    "Women > Trousers | women-short | Ostrelane, Tarrow & Sunne": """
Avocet | Tapered Trousers | 64% polyester, 33% viscose, 3% elastane | fit=Tapered; rise=High; length=Ankle; closure=Zip fly; pattern=Plain; season=All year | 68 | blk nvy cam
Samphire | Linen Trousers | 100% linen | fit=Wide; rise=High; length=Full; closure=Drawstring; pattern=Plain; season=Summer | 76 | snd wht sag
Cinder | Ponte Leggings | 68% viscose, 27% polyamide, 5% elastane | fit=Skinny; rise=High; length=Full; closure=Pull-on; pattern=Plain; season=All year | 44 | blk chr bur
""",
    "Men > Shirts | men | Brackenlow, Harrowby Loom, Marrowdean": """
Alder | Oxford Shirt | 100% cotton | fit=Regular; collar=Button-down; sleeve_length=Long; pattern=Plain; season=All year | 64 | wht sky pnk nvy
Ashlar | Poplin Work Shirt | 100% cotton | fit=Slim; collar=Classic; sleeve_length=Long; pattern=Plain; season=All year | 58 | wht sky blk
Cobble | Flannel Check Shirt | 100% brushed cotton | fit=Relaxed; collar=Classic; sleeve_length=Long; pattern=Checked; season=Winter | 62 | red grn blu
Saltbox | Linen Shirt | 100% linen | fit=Relaxed; collar=Grandad; sleeve_length=Long; pattern=Plain; season=Summer | 78 | wht snd sky olv
Tidewrack | Short Sleeve Camp Shirt | 100% lyocell | fit=Relaxed; collar=Camp; sleeve_length=Short; pattern=Printed; season=Summer | 59 | nvy tea rus
Girder | Denim Western Shirt | 100% cotton | fit=Regular; collar=Pointed; sleeve_length=Long; closure=Snaps; pattern=Plain; season=All year | 74 | ind sky blk
""",
    "Men > T-Shirts & Polos | men | Brackenlow, Quillermoor, Marrowdean": """
Bittern | Heavyweight T-Shirt | 100% organic cotton | fit=Regular; neckline=Crew neck; sleeve_length=Short; fabric_weight_gsm=240; pattern=Plain; season=All year | 32 | wht blk gry nvy olv
Dipper | Pocket T-Shirt | 100% cotton | fit=Regular; neckline=Crew neck; sleeve_length=Short; fabric_weight_gsm=180; pattern=Plain; season=Summer | 26 | sky snd sag rus
Fulmar | Pique Polo Shirt | 100% cotton | fit=Regular; neckline=Polo collar; sleeve_length=Short; pattern=Plain; season=Summer | 45 | nvy wht grn bur
Gannet | Long Sleeve T-Shirt | 100% cotton | fit=Slim; neckline=Crew neck; sleeve_length=Long; pattern=Plain; season=Autumn | 34 | blk gry ivo
Knot | Striped T-Shirt | 100% cotton | fit=Regular; neckline=Crew neck; sleeve_length=Short; pattern=Striped; season=Summer | 30 | nvy red grn
Pipit | Dry Running Tee | 100% recycled polyester | fit=Slim; neckline=Crew neck; sleeve_length=Short; pattern=Plain; sport=Running; season=All year | 36 | blk blu yel
""",
    "Men > Knitwear | men | Harrowby Loom, Brackenlow": """
Cairn | Fisherman Jumper | 100% lambs wool | fit=Relaxed; neckline=Crew neck; sleeve_length=Long; pattern=Cable; season=Winter | 112 | ivo nvy chr
Dunmore | Merino V-Neck | 100% merino wool | fit=Slim; neckline=V-neck; sleeve_length=Long; pattern=Plain; season=All year | 86 | blk nvy bur gry
Lathe | Shawl Cardigan | 85% wool, 15% polyamide | fit=Regular; neckline=Shawl collar; sleeve_length=Long; closure=Buttons; pattern=Ribbed; season=Winter | 124 | cam chr grn
Ferrier | Quarter-Zip Jumper | 60% cotton, 40% lyocell | fit=Regular; neckline=Funnel neck; sleeve_length=Long; closure=Quarter zip; pattern=Plain; season=Autumn | 79 | nvy gry olv
Skerry | Zip Hoodie | 80% cotton, 20% recycled polyester | fit=Regular; neckline=Hood; sleeve_length=Long; closure=Zip; pattern=Plain; season=All year | 68 | blk gry nvy rus
""",
    "Men > Jeans | waist-men | Marrowdean": """
Anvil | Straight Jeans | 100% cotton | fit=Straight; rise=Mid; length=Full; closure=Button fly; pattern=Plain; season=All year | 92 | ind blk sky
Rivet | Slim Stretch Jeans | 98% cotton, 2% elastane | fit=Slim; rise=Mid; length=Full; closure=Zip fly; pattern=Plain; season=All year | 84 | ind blk gry
Tinder | Tapered Selvedge Jeans | 100% cotton | fit=Tapered; rise=High; length=Full; closure=Button fly; pattern=Plain; season=All year | 148 | ind blk chr
Foundry | Relaxed Carpenter Jeans | 100% cotton | fit=Relaxed; rise=Mid; length=Full; closure=Zip fly; pattern=Washed; season=All year | 96 | ind ivo brn
""",
    "Men > Blazers | men | Ostrelane, Harrowby Loom": """
Chancel | Unlined Linen Blazer | 100% linen | fit=Regular; length=Hip; closure=Buttons; lining=Unlined; pattern=Plain; season=Summer | 168 | snd nvy sag
Ledgerman | Wool Suit Jacket | 100% wool | fit=Slim; length=Hip; closure=Buttons; lining=Fully lined; pattern=Plain; season=All year | 239 | chr nvy gry
""",
    "Men > Trousers | waist-men | Brackenlow, Ostrelane": """
Causeway | Slim Chinos | 97% cotton, 3% elastane | fit=Slim; rise=Mid; length=Full; closure=Zip fly; pattern=Plain; season=All year | 66 | snd nvy olv blk
Ploughman | Corduroy Trousers | 100% cotton | fit=Straight; rise=Mid; length=Full; closure=Zip fly; pattern=Corduroy; season=Winter | 82 | brn grn rus
Ledger | Wool Suit Trousers | 100% wool | fit=Slim; rise=Mid; length=Full; closure=Zip fly; pattern=Plain; season=All year | 134 | chr nvy gry
Packhorse | Cargo Trousers | 100% cotton | fit=Relaxed; rise=Mid; length=Full; closure=Zip fly; pattern=Plain; season=All year | 74 | olv snd blk
""",
    "Men > Shorts | men-short | Brackenlow, Quillermoor": """
Breakwater | Swim Shorts | 100% recycled polyester | fit=Regular; length=Mid-thigh; closure=Drawstring; pattern=Plain; season=Summer | 42 | nvy tea red yel
Cove | Chino Shorts | 98% cotton, 2% elastane | fit=Regular; length=Knee; closure=Zip fly; pattern=Plain; season=Summer | 48 | snd nvy sag
Sprint | Running Shorts | 88% recycled polyester, 12% elastane | fit=Regular; length=Mid-thigh; closure=Drawstring; pattern=Plain; sport=Running; season=All year | 38 | blk blu gry
""",
    "Men > Coats & Jackets | men | Brackenlow, Marrowdean, Ostrelane": """
Beacon | Waxed Jacket | 100% waxed cotton | fit=Regular; length=Hip; closure=Zip; lining=Fully lined; pattern=Plain; season=Autumn | 198 | olv nvy brn
Cordwain | Leather Biker Jacket | 100% leather | fit=Slim; length=Waist; closure=Zip; lining=Fully lined; pattern=Plain; season=All year | 320 | blk brn cam
Gale | Shell Rain Jacket | 100% polyamide | fit=Regular; length=Hip; closure=Zip; hood=Yes; waterproof=Yes; pattern=Plain; season=All year | 154 | blk yel tea
Mason | Chore Jacket | 100% cotton | fit=Relaxed; length=Hip; closure=Buttons; pattern=Plain; season=Spring | 104 | blu olv snd
Northlight | Wool Overcoat | 75% wool, 25% polyester | fit=Regular; length=Knee; closure=Buttons; lining=Fully lined; pattern=Herringbone; season=Winter | 268 | chr cam nvy
Tarn | Down-Free Puffer | 100% recycled polyamide | fit=Regular; length=Hip; closure=Zip; hood=Yes; pattern=Quilted; season=Winter | 169 | blk rus grn
""",
    "Unisex > Hoodies & Sweatshirts | men | Quillermoor, Marrowdean": """
Basalt | Pullover Hoodie | 80% organic cotton, 20% recycled polyester | fit=Relaxed; neckline=Hood; sleeve_length=Long; fabric_weight_gsm=400; pattern=Plain; season=All year | 64 | blk gry olv lil snd
Chalk | Crew Sweatshirt | 100% organic cotton | fit=Regular; neckline=Crew neck; sleeve_length=Long; fabric_weight_gsm=360; pattern=Plain; season=All year | 56 | ivo nvy rus sag
Flint | Fleece Half-Zip | 100% recycled polyester | fit=Regular; neckline=Funnel neck; sleeve_length=Long; closure=Half zip; pattern=Plain; season=Winter | 72 | chr tea yel
Granite | Boxy Sweatshirt | 100% cotton | fit=Boxy; neckline=Crew neck; sleeve_length=Long; fabric_weight_gsm=420; pattern=Washed; season=All year | 68 | chr bur sky
""",
    "Unisex > Sleepwear | men-short | Tarrow & Sunne, Quillermoor": """
Lullaby | Flannel Pyjama Set | 100% brushed cotton | fit=Relaxed; sleeve_length=Long; closure=Buttons; pattern=Checked; season=Winter | 72 | red nvy grn
Duskwing | Waffle Robe | 100% cotton | fit=Relaxed; length=Knee; closure=Belt; pattern=Waffle; season=All year | 78 | wht gry sag
Pillowcase | Jersey Sleep Shorts | 95% modal, 5% elastane | fit=Relaxed; length=Mid-thigh; closure=Drawstring; pattern=Plain; season=Summer | 28 | nvy gry lil
""",
    "Unisex > Activewear | men-short | Quillermoor": """
Tempo | Training Joggers | 88% recycled polyester, 12% elastane | fit=Tapered; rise=Mid; length=Full; closure=Drawstring; pattern=Plain; sport=Training; season=All year | 58 | blk gry nvy
Cadence | Compression Tights | 78% recycled polyamide, 22% elastane | fit=Skinny; rise=High; length=Full; closure=Pull-on; pattern=Plain; sport=Running; season=All year | 62 | blk nvy bur
Ridgeline | Windproof Gilet | 100% polyamide | fit=Slim; length=Hip; closure=Zip; pattern=Plain; sport=Running; season=All year | 74 | yel blk tea
""",
    "Girls > Dresses | kids | Pinwhistle": """
Buttercup | Pinafore Dress | 100% cotton | fit=Regular; neckline=Square; sleeve_length=Sleeveless; length=Knee; pattern=Corduroy; season=Autumn | 36 | yel rus nvy
Poppy | Jersey Play Dress | 95% cotton, 5% elastane | fit=Regular; neckline=Crew neck; sleeve_length=Short; length=Knee; pattern=Dotted; season=Summer | 26 | red pnk sky
Bluebell | Party Dress | 100% polyester | fit=Fitted; neckline=Round neck; sleeve_length=Short; length=Knee; pattern=Plain; season=All year | 48 | blu lil ivo
""",
    "Girls > Leggings | kids | Pinwhistle": """
Skylark | Cotton Leggings | 95% organic cotton, 5% elastane | fit=Slim; length=Full; closure=Pull-on; pattern=Plain; season=All year | 16 | nvy pnk gry sag
Ladybird | Printed Leggings | 95% cotton, 5% elastane | fit=Slim; length=Full; closure=Pull-on; pattern=Dotted; season=All year | 18 | red blk tea
""",
    "Boys > T-Shirts | kids | Pinwhistle": """
Magpie | Striped T-Shirt | 100% organic cotton | fit=Regular; neckline=Crew neck; sleeve_length=Short; pattern=Striped; season=Summer | 18 | nvy grn red yel
Badger | Long Sleeve T-Shirt | 100% organic cotton | fit=Regular; neckline=Crew neck; sleeve_length=Long; pattern=Plain; season=Autumn | 20 | gry olv blu
Otter | Swim Rash Vest | 82% recycled polyester, 18% elastane | fit=Slim; neckline=Crew neck; sleeve_length=Long; sun_protection=UPF 50+; pattern=Plain; season=Summer | 28 | tea yel nvy
""",
    "Boys > Trousers | kids | Pinwhistle": """
Hedgehog | Pull-On Joggers | 100% cotton | fit=Relaxed; length=Full; closure=Pull-on; pattern=Plain; season=All year | 26 | gry nvy olv
Beetle | Denim Dungarees | 100% cotton | fit=Relaxed; length=Full; closure=Buckles; pattern=Plain; season=All year | 42 | ind sky blk
""",
    "Kids > Outerwear | kids-big | Pinwhistle, Marrowdean": """
Puddle | Rain Coat | 100% recycled polyester | fit=Regular; length=Hip; closure=Snaps; hood=Yes; waterproof=Yes; pattern=Plain; season=Spring | 54 | yel nvy red grn
Snowdrop | Padded Winter Coat | 100% recycled polyester | fit=Regular; length=Hip; closure=Zip; hood=Yes; lining=Fully lined; pattern=Quilted; season=Winter | 78 | nvy rus tea
Burrow | Fleece Jacket | 100% recycled polyester | fit=Regular; length=Hip; closure=Zip; pattern=Plain; season=Autumn | 38 | olv gry lil
""",
    "Kids > Hoodies & Knitwear | kids-big | Pinwhistle": """
Rascal | Zip Hoodie | 80% cotton, 20% recycled polyester | fit=Regular; neckline=Hood; sleeve_length=Long; closure=Zip; pattern=Plain; season=All year | 34 | gry red nvy
Conker | Pullover Hoodie | 100% organic cotton | fit=Relaxed; neckline=Hood; sleeve_length=Long; pattern=Plain; season=All year | 32 | brn grn yel blu
Mitten | Knit Cardigan | 100% cotton | fit=Regular; neckline=V-neck; sleeve_length=Long; closure=Buttons; pattern=Ribbed; season=Spring | 34 | ivo bur sky
Acorn | Quilted Sweatshirt | 100% cotton | fit=Boxy; neckline=Crew neck; sleeve_length=Long; pattern=Quilted; season=Winter | 36 | snd sag chr
""",
}
