"""Writes the golden files with the reference tokenizer. Needs tokenizers:

    python reference.py write              the folders here: a small tokenizer each, and golden.json
    python reference.py digests            digests.json
    python reference.py fuzz SEED N OUT    copies of the folders in OUT with N random texts each, for AUTOML_TOKENIZER_CASES
    python reference.py folder FOLDER OUT  a copy of a Hugging Face folder in OUT with the hard texts
    python reference.py csv FOLDER OUT FILE...  the same with the column "text" of CSV files
"""

import collections
import csv
import hashlib
import itertools
import json
import pathlib
import shutil
import sys
from collections.abc import Iterable
from typing import Any

import texts
from tokenizers import (
    AddedToken,
    Tokenizer,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

HERE = pathlib.Path(__file__).parent
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
# Added tokens with every option; NEWTOK and creme are looked for in normalized text.
ADDED = [
    AddedToken("NEWTOK", normalized=True), AddedToken("whole", single_word=True, normalized=False), AddedToken("left", lstrip=True, normalized=False),
    AddedToken("right", rstrip=True, normalized=True), AddedToken("both", lstrip=True, rstrip=True, normalized=False), AddedToken("Crème", normalized=True),
    AddedToken("ab", normalized=False), AddedToken("abcd", normalized=False), AddedToken("abcde", single_word=True, normalized=False), AddedToken("文N", normalized=False),
]  # fmt: skip


def word_pieces() -> dict[str, int]:
    """A small vocabulary: the common characters of the texts, and the common beginnings and ends of their words."""
    counts: collections.Counter[str] = collections.Counter()
    for lower in (True, False):
        clean, cut = normalizers.BertNormalizer(lowercase=lower), pre_tokenizers.BertPreTokenizer()
        for text in texts.hard():
            for word, _ in cut.pre_tokenize_str(clean.normalize_str(text[:400])):
                for n in range(1, min(7, len(word)) + 1):
                    counts[word[:n]] += 1
                    counts["##" + word[-n:]] += n < len(word)
                counts.update("##" + c for c in word[1:30])
    kept = sorted(counts, key=lambda t: (-counts[t], t))[:900]
    return {t: i for i, t in enumerate(BERT_SPECIALS + sorted(kept))}


def characters(all_of: list[str]) -> dict[str, int]:
    """A vocabulary of every character that a text can turn into, so that no difference hides behind [UNK]."""
    found: set[str] = set()
    for text in all_of:
        for strip, lower in itertools.product((False, True), repeat=2):
            found |= set(normalizers.BertNormalizer(strip_accents=strip, lowercase=lower, clean_text=False).normalize_str(text))
    kept = sorted(found)
    return {t: i for i, t in enumerate([*BERT_SPECIALS, *kept, *("##" + c for c in kept)])}


def bert(vocab: dict[str, int], added: bool, **normalizer: Any) -> Tokenizer:
    t = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    t.normalizer = normalizers.BertNormalizer(**normalizer)
    t.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    t.add_special_tokens(BERT_SPECIALS)
    special = [(s, vocab[s]) for s in ("[CLS]", "[SEP]")]
    t.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=special)
    if added:
        t.add_tokens(ADDED)
    return t


def byte_pairs(specials: list[str], size: int) -> models.BPE:
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, special_tokens=specials, show_progress=False)
    t.train_from_iterator(texts.EVERYDAY * 3 + texts.ACCENTS + texts.SCRIPTS + texts.EMOJI, trainer)
    return t.model


def gpt2(model: models.BPE) -> Tokenizer:
    t = Tokenizer(model)
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.post_processor = processors.ByteLevel()
    t.add_special_tokens(["<|endoftext|>"])
    return t


def roberta(model: models.BPE, prefix: bool, added: bool) -> Tokenizer:
    t = Tokenizer(model)
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    ids = {s: t.token_to_id(s) or 0 for s in ROBERTA_SPECIALS}
    t.post_processor = processors.RobertaProcessing(("</s>", ids["</s>"]), ("<s>", ids["<s>"]), add_prefix_space=prefix)
    t.add_special_tokens([AddedToken("<mask>", lstrip=True) if s == "<mask>" else s for s in ROBERTA_SPECIALS])
    if added:
        t.add_tokens(ADDED)
    return t


def odd(model: models.BPE) -> Tokenizer:
    """Everything unusual in one: bytes without a token, unknown ones in one piece, no cutting, words that need no merges, a
    normalizer, and a post-processor in a sequence."""
    state = json.loads(model.__getstate__())
    missing = {"Ã", "ð", "q"}
    vocab = [t for t in state["vocab"] if not missing & set(t)]
    vocab.append("Ġcard")  # no merges lead to it
    kept = {t: i for i, t in enumerate(vocab)}
    merges = [(a, b) for a, b in state["merges"] if a in kept and b in kept and a + b in kept and a + b != "Ġcard"]
    t = Tokenizer(models.BPE(kept, merges, unk_token="<unk>", fuse_unk=True, ignore_merges=True))
    t.normalizer = normalizers.BertNormalizer(lowercase=True)
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=False)
    template = processors.TemplateProcessing(single="<s> $A", pair="$A <s> </s> $B:7", special_tokens=[("<s>", kept["<s>"]), ("</s>", kept["</s>"])])
    t.post_processor = processors.Sequence([processors.ByteLevel(), template])
    t.add_tokens(ADDED)
    return t


def all_tokenizers() -> dict[str, Tokenizer]:
    vocab = word_pieces()
    robert = byte_pairs(ROBERTA_SPECIALS, 700)
    return {
        "bert": bert(vocab, added=False),
        "bert-added": bert(vocab, added=True),
        "bert-cased": bert(vocab, added=True, lowercase=False),
        "bert-raw": bert(vocab, added=False, clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=True),
        "bert-strip": bert(vocab, added=True, clean_text=False, strip_accents=True, lowercase=False),
        "gpt2": gpt2(byte_pairs(["<|endoftext|>"], 600)),
        "roberta": roberta(robert, prefix=False, added=False),
        "roberta-prefix": roberta(robert, prefix=True, added=True),
        "bpe-odd": odd(robert),
    }


def decoded(raw: bytes) -> str:
    """Each byte that is not UTF-8 as U+FFFD, as Go reads it."""
    out = ""
    while raw:
        for n in range(1, 5):
            try:
                out += raw[:n].decode()
                raw = raw[n:]
                break
            except UnicodeDecodeError:
                continue
        else:
            out, raw = out + "\ufffd", raw[1:]
    return out


def case(t: Tokenizer, all_of: list[str], at: int, pair: int | None, limit: int) -> dict[str, Any]:
    """What the reference makes of a text or a pair."""
    t.no_padding()
    if limit:
        t.enable_truncation(limit)
    else:
        t.no_truncation()
    e = t.encode(all_of[at], None if pair is None else all_of[pair])
    out: dict[str, Any] = {"text": at}
    if pair is not None:
        out["pair"] = pair
    if limit:
        out["limit"] = limit
    out["ids"] = e.ids
    if any(e.type_ids):
        out["type_ids"] = e.type_ids
    return out


def cases(t: Tokenizer, all_of: list[str]) -> Iterable[dict[str, Any]]:
    """Every text alone, some cut, and some pairs cut to lengths of all kinds."""
    n = len(all_of)
    for i in range(n):
        yield case(t, all_of, i, None, 0)
    limits = itertools.cycle([3, 4, 7, 8, 12, 17, 32, 64])
    for i in range(0, n, 3):
        yield case(t, all_of, i, None, next(limits))
    for i in range(0, n - 3, 4):
        yield case(t, all_of, i, i + 3, 0 if i % 3 == 0 else next(limits) + 2)


def lines(of: Iterable[Any]) -> str:
    return "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in of) + "\n]\n"


def write(folder: pathlib.Path, t: Tokenizer, all_of: list[str]) -> None:
    (folder / "golden.json").write_text(lines(cases(t, all_of)))


def write_texts(folder: pathlib.Path, all_of: list[str | bytes]) -> list[str]:
    """Writes the texts, those that are not UTF-8 in hexadecimal, and returns them as the reference is to see them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.json").write_text(lines({"hex": x.hex()} if isinstance(x, bytes) else {"text": x} for x in all_of))
    return [decoded(x) if isinstance(x, bytes) else x for x in all_of]


def save(folder: pathlib.Path, t: Tokenizer) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    t.no_truncation()
    t.save(str(folder / "tokenizer.json"), pretty=False)


def without_tokenizer_json(all_of: list[str]) -> None:
    """Folders that have only a vocabulary and a configuration, with what the full folders give."""
    vocab = word_pieces()
    folder = HERE / "bert-vocab"
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(vocab) + "\n")
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "strip_accents": True, "tokenize_chinese_chars": False, "mask_token": "[MASK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config) + "\n")
    t = bert(vocab, added=False, lowercase=False, strip_accents=True, handle_chinese_chars=False)
    write(folder, t, all_of)

    folder = HERE / "roberta-vocab"
    folder.mkdir(exist_ok=True)
    model = byte_pairs(ROBERTA_SPECIALS, 500)
    model.save(str(folder))
    mask = {"__type": "AddedToken", "content": "<mask>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False}
    (folder / "special_tokens_map.json").write_text(json.dumps({"mask_token": mask, "cls_token": "<s>", "sep_token": "</s>"}) + "\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"add_prefix_space": True, "tokenizer_class": "RobertaTokenizer"}) + "\n")
    write(folder, roberta(model, prefix=True, added=False), all_of)


def digests() -> dict[str, str]:
    """SHA-256 over every code point between other characters: of the normalized texts, and of the words."""
    around = "a{0}b {0}{0}\u0316\u0301x\u0345{0} 1{0}.{0} {0}"
    every = [around.format(chr(c)) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    found: dict[str, Iterable[str]] = {}
    for bits in (3, 4, 8, 15):
        on = {k: bool(bits >> i & 1) for i, k in enumerate(("clean_text", "handle_chinese_chars", "strip_accents", "lowercase"))}
        found[f"normalizer-{bits}"] = map(normalizers.BertNormalizer(**on).normalize_str, every)
    bert_words = pre_tokenizers.BertPreTokenizer()
    found["bert"] = ("\0".join(w for w, _ in bert_words.pre_tokenize_str(text)) for text in every)
    bytelevel = pre_tokenizers.ByteLevel(add_prefix_space=False)  # writes each byte as a character
    found["bytelevel"] = (" ".join(str(len(w)) for w, _ in bytelevel.pre_tokenize_str(text)) for text in every)
    return {name: hashlib.sha256("".join(x + "\n" for x in of).encode()).hexdigest() for name, of in found.items()}


def main() -> None:
    match sys.argv[1:]:
        case ["write"]:
            all_of = write_texts(HERE, [*texts.hard(), *texts.INVALID])
            for name, t in all_tokenizers().items():
                save(HERE / name, t)
                write(HERE / name, t, all_of)
            without_tokenizer_json(all_of)
        case ["digests"]:
            (HERE / "digests.json").write_text(json.dumps(digests(), indent=1) + "\n")
        case ["fuzz", seed, n, out]:
            all_of = write_texts(pathlib.Path(out), list(itertools.islice(texts.fuzzed(int(seed)), int(n))))
            vocab = characters(all_of)
            more = {
                f"characters-{strip}-{lower}-{clean}": bert(vocab, added=True, strip_accents=strip, lowercase=lower, clean_text=clean)
                for strip, lower, clean in itertools.product((False, True), repeat=3)
            }
            for name, t in (all_tokenizers() | more).items():
                save(pathlib.Path(out) / name, t)
                write(pathlib.Path(out) / name, t, all_of)
        case ["folder", folder, out]:
            copied(folder, out, [*texts.hard(), *texts.INVALID])
        case ["csv", folder, out, *files]:
            copied(folder, out, [text for file in files for text in column(file)])
        case _:
            sys.exit(__doc__)


def column(file: str) -> list[str | bytes]:
    with open(file, newline="", encoding="utf-8") as f:
        return [row["text"] for row in csv.DictReader(f)]


def copied(folder: str, out: str, all_of: list[str | bytes]) -> None:
    t = Tokenizer.from_file(str(pathlib.Path(folder) / "tokenizer.json"))
    to = pathlib.Path(out) / "copy"
    to.mkdir(parents=True, exist_ok=True)
    shutil.copy(pathlib.Path(folder) / "tokenizer.json", to)
    write(to, t, write_texts(pathlib.Path(out), all_of))


if __name__ == "__main__":
    main()
