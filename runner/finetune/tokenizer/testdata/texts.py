"""The texts of the golden files: hard ones chosen by hand, and random ones."""

import random
import unicodedata
from collections.abc import Iterator

EVERYDAY = [
    "I am still waiting on my card?",
    "My card payment was declined and I don't know why.",
    "What's the exchange rate today, and who'll pay the fee?",
    "She'd said they're sure we've been charged $1,234.56 twice!",
    "Transfer 100 EUR to DE89 3704 0044 0532 0130 00 (urgent).",
    "unaffable unbelievably internationalization",
    "The quick brown fox jumps over the lazy dog. THE QUICK BROWN FOX.",
    "https://example.org/a_b-c?d=e&f=%20g#h user.name+tag@example.co.uk",
    "snake_case camelCase kebab-case UPPER_CASE 3.14e-10 0xFF 1st 2nd",
    "l'état c'est moi, n'est-ce pas? O'Neill's 'quoted' ''double'' don''t",
    "I'M SURE IT'S FINE, YOU'LL SEE'S 've 're's",
    "line one\nline two\r\nline three\ttabbed\n\n\n  indented",
]
ACCENTS = [
    "Café naïve façade résumé über Ångström São Paulo",
    "Cafe\u0301 nai\u0308ve fac\u0327ade re\u0301sume\u0301 u\u0308ber A\u030angstro\u0308m Sa\u0303o",
    "Việt Nam ế ự ợ; Vie\u0302\u0323t e\u0302\u0301 \u1ed9 o\u0323\u0302 o\u0302\u0323",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a\u032f\u031e\u0320\u034da\u036b\u0357l\u0357g\u036co",
    "\u0301leading mark, \u0338not, a\u0316\u0301 vs a\u0301\u0316, \u302e\u0301\u302f가\u302e",
    "İstanbul ıssız DİYARBAKIR ẞtraße STRASSE ǅ ǈ Ǆ ǲ ΑΣ ας Σίσυφος",
    "Ωμέγα ὰάᾳ ΐ Ἀθῆναι; Владимир ЁЖИК й и\u0306 Ѝ",
    "Å \u212b \u2126 \u212a \u0340 \u0341 \u0343 \u0344 \u0374 \u037e \u0387 \u1fbe \u2000 \u2001 \u2329 \u232a",
]
SCRIPTS = [
    "我想知道我的卡在哪里？ 你好world再见",
    "日本語のテキスト、カタカナとひらがな。ｶﾞｷﾞｸﾞ が か\u3099 プ フ\u309a 𠀀𪜀𫝀𫠝𫠠𬺰 豈更車 丽丸乁 〇々〆㍿",
    "한국어 텍스트입니다 \u1112\u1161\u11ab 각 \u1100\u1161\u11a8 가\u11a8 힣 ㄱㅏ ﾡ ꥠ ힰ",
    "مرحبا بالعالم السَّلَامُ عَلَيْكُمْ ـــ ٣٫١٤ ﷺ ﻻ",
    "שלום עולם בְּרֵאשִׁית \ufb2a \ufb4b \u05be \u05f3",
    "नमस्ते दुनिया क़ क\u093c ड़ कि क्ष संस्कृतम् १२३ বাংলা কো কে\u09be தமிழ் கொ ไทย กำ น้ำ ລາວ ຳ",
    "ქართული ᲥᲐᲠ ᏣᎳᎩ ꭰ Ꭰ հայերեն և አማርኛ ខ្មែរ មិន ᠮᠣᠩ᠋ᠭᠣᠯ བོད་ཡིག གྷ",
    "\u202eright to left\u202c \u2067isolate\u2069 \u200fmark\u200e abc שלום 123 مرحبا",
    "𐐀𐐨 𝐀𝟙 𝕏 𝓪 ﬁ ﬂ ﬀ ﬃ ﬄ ﬅ ﬆ ﬓ ﬗ Ĳ ĳ Œ œ Æ æ ǆ ℀ ™ Ⅷ ⅷ ① ½ ² ₂ Ⓐ ⓐ Ａｂｃ　１２３！",
    "𞤀𞤢 𖹀𖹠 𑢠𑣀 𐓏𐓷 Ꟶ ꟶ Ᵹ Ɤ ⱥ Ⱥ Ⱦ ⱦ Ɐ Ꞁ Ꞩ Ɪ",
]
EMOJI = [
    "👍 👍🏽 🎉🎉 ❤️ ❤ ☺️ 1️⃣ #️⃣ ©️ ™️",
    "👨‍👩‍👧‍👦 family 🏳️‍🌈 flag 🇩🇪🇫🇷 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 👩🏾‍🚀",
    "love\u200dit a\u200bb c\u200cd e\u2060f g\ufeffh \ufeffstart i\u00adj k\u180el",
]
SPACES = [
    "", " ", "  ", "\t", "\n", "\r\n", " \t\n\r ", "\u00a0", "\u3000", "\u2028\u2029", "\u0085", "\x0b\x0c", " a", "a ", "  a  b  ",
    "a\u00a0b\u2007c\u202fd\u3000e\u2009f\u200ag\u1680h\u205fi\u2028j\u2029k\u0085l\x0bm\x0cn\x1co\x1dp\x1eq\x1fr",
    "\u00a0 x \u00a0\u00a0y\u00a0 \u00a0z \n w\n  v \n\n u", "a  \n b\u3000 c \u3000d\u3000\u3000e", "   leading three", "trailing three   ",
    "x\u00a0", "\u00a0x", " \u00a0x", "\u00a0 x", "'s 't\t'll  're", " 's", "\u2028's",
]  # fmt: skip
CONTROLS = [
    "".join(map(chr, range(0x20))) + "\x7f" + "".join(map(chr, range(0x80, 0xA0))),
    "a\x00b\x01c\x7fd\x80e\x9ff\ufffdg\ufffeh\uffffi",
    "a\ue000b\uf8ffc\U000f0000d\U0010fffde\U0001fffef\U000e0001g",
    "\ufff9anno\ufffatation\ufffb \u061c \u2066 \u206a \U0001d173 \U000110bd",
    "\u0378\u0530\u05ff\u0870\u1c89\ua7cb\U000105c0\U00010d4a\U00011938\U00016d40\U0001e5d0\U0003ffff unassigned or new",
]
LONG = [
    "a" * 99, "a" * 100, "a" * 101, "b" * 250 + " short " + "Donaudampfschifffahrtsgesellschaftskapitaenswitwe" * 3,
    "é" * 100, "e\u0301" * 100, "é" * 101, "x\u0301" * 101, "漢" * 60, "가" * 101, "👍" * 120, "." * 130, "9" * 130, " " * 130 + "a", "ab" * 700,
    "the card " * 400, "Ünïcödé wörds, " * 60,
]  # fmt: skip
SPECIALS = [
    "[CLS] hello [SEP] world [MASK]", "[CLS][SEP][MASK][PAD][UNK]", "[cls] [Mask] [MASK", "[[MASK]]", "x[MASK]y", " [MASK] ", "[MASK]\n[MASK]",
    "<s> hello </s> world <mask>", "<s></s><mask><pad><unk>", "a  <mask>  b", "  <mask>", "<mask>\u00a0 c", "a\u00a0<mask>", "<MASK> <|endoftext|>",
    "<|endoftext|>", "a<|endoftext|>b <|endoftext|> c", "card NEWTOK newtok NewTok xnewtok newtoks newtok! newtok", "whole", "a whole", "wholes whole_ whole. ünwhole whole\u0301",
    "left  lefty x lefty", "x right  y right\u00a0\n z", " both  both x both\u00a0", "Crème crème CREME creme brûlée", "ab abc abcd abcde abcdef xabcd", "right right  both  left both",
    "\u00c9cole ecole \u00e9cole E\u0301COLE", "中NEWTOK文 NEWTOK", "newtok\u200dnewtok", "whole\u200dwhole", "\u2160whole whole\u20e3 whole\u203f",
]  # fmt: skip
INVALID = [b"\xff", b"abc\xc3", b"\xc3(", b"a\xe2\x82b\xe2\x82\xacc", b"\xf0\x9f\x92 card", b"\xed\xa0\x80surrogate\xed\xbf\xbf", b"\xc0\xaf\x80\xfe", b"\xf4\x90\x80\x80x"]

ALL_CLASSES = ["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So", "Nd", "Nl", "No", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Zs", "Cf"]  # fmt: skip


def classes() -> list[str]:
    """For each general category its first, its last and some more code points in a sentence."""
    members: dict[str, list[str]] = {k: [] for k in ALL_CLASSES}
    for c in range(0x110000):
        kind = unicodedata.category(chr(c))
        if kind in members:
            members[kind].append(chr(c))
    out = []
    for kind, all_of in members.items():
        some = all_of[:: max(1, len(all_of) // 40)] + all_of[-1:]
        out.append(f"{kind} " + "a".join(some) + " " + "".join(some))
    return out


def hard() -> list[str]:
    return EVERYDAY + ACCENTS + SCRIPTS + EMOJI + SPACES + CONTROLS + LONG + SPECIALS + classes()


BLOCKS = [
    (0x20, 0x7E), (0x20, 0x7E), (0x41, 0x7A), (0x61, 0x7A), (0x61, 0x7A), (0x30, 0x39), (0xA0, 0xFF), (0x100, 0x24F), (0x250, 0x2FF), (0x300, 0x36F), (0x370, 0x3FF),
    (0x400, 0x52F), (0x530, 0x58F), (0x590, 0x5FF), (0x600, 0x6FF), (0x700, 0x8FF), (0x900, 0xDFF), (0xE00, 0xFFF), (0x1000, 0x10FF), (0x1100, 0x11FF), (0x1200, 0x17FF),
    (0x1800, 0x1AFF), (0x1AB0, 0x1AFF), (0x1B00, 0x1CFF), (0x1D00, 0x1DFF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x20FF), (0x2100, 0x2BFF),
    (0x2C00, 0x2E7F), (0x2E80, 0x303F), (0x3040, 0x31FF), (0x3200, 0x33FF), (0x3400, 0x4DFF), (0x4E00, 0x9FFF), (0xA000, 0xABFF), (0xAC00, 0xD7FF), (0xE000, 0xFAFF),
    (0xFB00, 0xFDFF), (0xFE00, 0xFFFF), (0x10000, 0x10FFF), (0x11000, 0x11FFF), (0x12000, 0x16FFF), (0x17000, 0x1CFFF), (0x1D000, 0x1D7FF), (0x1E000, 0x1EFFF),
    (0x1F000, 0x1FAFF), (0x20000, 0x2FFFF), (0x30000, 0x3FFFF), (0xE0000, 0xE01FF), (0xF0000, 0x10FFFF), (0x0, 0x1F), (0x7F, 0x9F),
]  # fmt: skip
WHITE = [" ", " ", " ", "  ", "\n", "\t", "\u00a0", "\u3000", "\u2009", "\u2028", "\u0085", "\r\n", "\u200b"]
WORDS = ["card", "payment", "I'm", "they're", "don't", "WHY", "Café", "über", "123", "4,5", "...", "'s", "'ll", "'", "[MASK]", "<mask>", "newtok", "NEWTOK", "whole", "left", "right",
         "both", "creme", "crème", "abcde", "</s>", "<|endoftext|>", "[SEP]", "\u0301", "\u0338\u0316", "\u200d", "👍🏽", "가", "中文", "ﬁ", "e\u0301"]  # fmt: skip


def piece(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.3:
        return rng.choice(WORDS)
    if kind < 0.5:
        return rng.choice(WHITE)
    low, high = rng.choice(BLOCKS)
    points = (rng.randint(low, high) for _ in range(rng.randint(1, 8)))
    return "".join(chr(c) for c in points if not 0xD800 <= c <= 0xDFFF)


def fuzzed(seed: int) -> Iterator[str]:
    """Random texts of pieces from all over Unicode, without end; now and then a long one."""
    rng = random.Random(seed)
    while True:
        n = rng.randint(200, 600) if rng.random() < 0.01 else rng.randint(0, 16)
        yield "".join(piece(rng) for _ in range(n))
