"""Writes unicode.txt: what the reference tokenizer takes each code point for, found by asking it. Needs tokenizers:

    python tables.py > ../unicode.txt

Every line is a property and its code points in hexadecimal. A range is first-last, or first-last/2 for every other one. Behind
it stands what it maps to: +d or +-d for a distance, =a,b for code points, :n (decimal) for a number.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

POINTS = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
HANGUL = range(0xAC00, 0xD7A4)  # decomposed by arithmetic, in the reference and here
# One combining mark of each class, from the oldest versions of Unicode, so that the reference knows them all.
CLASSES = {
    1: 0x334, 7: 0x93C, 8: 0x3099, 9: 0x94D, 10: 0x5B0, 11: 0x5B1, 12: 0x5B2, 13: 0x5B3, 14: 0x5B4, 15: 0x5B5, 16: 0x5B6,
    17: 0x5B7, 18: 0x5B8, 19: 0x5B9, 20: 0x5BB, 21: 0x5BC, 22: 0x5BD, 23: 0x5BF, 24: 0x5C1, 25: 0x5C2, 26: 0xFB1E, 27: 0x64B,
    28: 0x64C, 29: 0x64D, 30: 0x64E, 31: 0x64F, 32: 0x650, 33: 0x651, 34: 0x652, 35: 0x670, 36: 0x711, 84: 0xC55, 91: 0xC56,
    103: 0xE38, 107: 0xE48, 118: 0xEB8, 122: 0xEC8, 129: 0xF71, 130: 0xF72, 132: 0xF74, 202: 0x327, 214: 0x1DCE, 216: 0x31B,
    218: 0x302A, 220: 0x316, 222: 0x59A, 224: 0x302E, 226: 0x1D16D, 228: 0x5AE, 230: 0x300, 232: 0x315, 233: 0x35C, 234: 0x35D, 240: 0x345,
}  # fmt: skip


def bert(**on: bool) -> normalizers.BertNormalizer:
    """The BERT normalizer with everything off but what is named."""
    off = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return normalizers.BertNormalizer(**(off | on))


def ranges(points: Iterable[int]) -> list[str]:
    out: list[list[int]] = []
    for c in points:
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return [f"{a:x}" if a == b else f"{a:x}-{b:x}" for a, b in out]


def where(test: Callable[[str], bool]) -> list[str]:
    return ranges(c for c in POINTS if test(chr(c)))


def combining_classes() -> dict[int, int]:
    """The class of every code point that the reference puts in order, from how it orders it beside one mark of each class."""
    nfd = normalizers.NFD()
    marks = sorted(CLASSES)
    for low, high in pairwise(marks):
        text = "a" + chr(CLASSES[high]) + chr(CLASSES[low])
        assert nfd.normalize_str(text) == text[0] + text[2] + text[1], (low, high)
    found = {}
    for c in POINTS:
        if c in HANGUL or nfd.normalize_str(chr(c)) != chr(c):
            continue

        def before(k: int, c: int = c) -> bool:
            """Whether class k goes before c."""
            text = "a" + chr(c) + chr(CLASSES[k])
            return nfd.normalize_str(text) != text

        text = "a" + chr(CLASSES[240]) + chr(c)
        if before(1) or nfd.normalize_str(text) != text:
            found[c] = next(k for k in marks if not before(k))
    return found


def mapped(of: dict[int, int], sign: str) -> list[str]:
    """Runs of code points, every one or every other one, with the same value."""
    out: list[tuple[int, int, int, int]] = []  # first, last, step, value
    for c, v in sorted(of.items()):
        if out:
            first, last, step, value = out[-1]
            if v == value and (c - last == step or (first == last and c - last == 2)):
                out[-1] = (first, c, c - last, value)
                continue
        out.append((c, c, 1, v))
    form = "x" if sign == "+" else "d"
    return [f"{a:x}" + (f"-{b:x}" if b > a else "") + ("/2" if s == 2 else "") + f"{sign}{v:{form}}" for a, b, s, v in out]


def sequences(normalize: Callable[[str], str], skip: Iterable[int]) -> list[str]:
    out, left_out = [], set(skip)
    for c in POINTS:
        to = normalize(chr(c))
        if to != chr(c) and c not in left_out:
            out.append(f"{c:x}=" + ",".join(f"{ord(x):x}" for x in to))
    return out


def added(**options: bool) -> Tokenizer:
    t = Tokenizer(models.WordPiece({"[UNK]": 0, "Q": 1}, unk_token="[UNK]"))
    t.add_tokens([AddedToken("Q", normalized=False, **options)])
    return t


def main() -> None:
    clean, strip, lower = bert(clean_text=True), bert(strip_accents=True), bert(lowercase=True)
    cjk, nfd = bert(handle_chinese_chars=True), normalizers.NFD()
    bytelevel, words = pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.BertPreTokenizer()
    single = added(single_word=True)

    def parts(text: str) -> int:
        return len(bytelevel.pre_tokenize_str(text))

    letters = {c for c in POINTS if parts("a" + chr(c)) == 1}
    lowered = {c: to for c in POINTS if (to := lower.normalize_str(chr(c))) != chr(c)}
    classes = combining_classes()
    assert all(nfd.normalize_str(chr(c)) != chr(c) for c in HANGUL)
    lines = {
        "removed": where(lambda c: clean.normalize_str("a" + c + "a") == "aa"),
        "spaced": where(lambda c: clean.normalize_str("a" + c + "a") == "a a"),
        "cjk": where(lambda c: cjk.normalize_str(c) != c),
        "mark": where(lambda c: strip.normalize_str(c) == ""),
        "space": where(lambda c: [p for p, _ in words.pre_tokenize_str("a" + c + "a")] == ["a", "a"]),
        "punctuation": where(lambda c: len(words.pre_tokenize_str("a" + c + "a")) == 3),
        "letter": ranges(sorted(letters)),
        "number": where(lambda c: ord(c) not in letters and parts("1" + c) == 1),
        "word": where(lambda c: single.encode("Q" + c).offsets[0] != (0, 1)),
        "lower": mapped({c: ord(to) - c for c, to in lowered.items() if len(to) == 1}, "+")
        + [f"{c:x}=" + ",".join(f"{ord(x):x}" for x in to) for c, to in lowered.items() if len(to) > 1],
        "class": mapped(classes, ":"),
        "nfd": sequences(nfd.normalize_str, HANGUL),
    }
    neither = where(lambda c: parts("." + c) == 2 and parts("a" + c) == 2 and parts("1" + c) == 2)
    assert lines["space"] == neither, "the two pre-tokenizers mean different code points by white space"
    print("# What the reference tokenizer takes each code point for: made by testdata/tables.py with tokenizers 0.23.3.")
    for name, values in lines.items():
        print(name, *values)


if __name__ == "__main__":
    main()
