"""The first sentence of a plain text, in any language."""

import re
import unicodedata

#: The most characters of a sentence; the rest of a longer one is cut.
MAX_SENTENCE = 200
_CUT = "…"
#: Full stops of East Asian scripts, which have no spaces between sentences.
_EAST_ASIAN = "。！？｡"  # noqa: RUF001
#: What a sentence may end in, and the quotation marks and brackets after it.
_END = re.compile(rf"([.!?…‽؟۔।॥։።។။{_EAST_ASIAN}]+)([\"'”’»)\]」』】）〉》]*)")  # noqa: RUF001
#: What a full stop belongs to that ends no sentence: an initial (J. K., U.S.), an ordinal of many languages (13. Juni),
#: and what stands before names in English.
_ABBREVIATION = re.compile(r"(?<!\w)(?:[^\W\d_]|[0-9]{1,2}|Mrs?|Ms|Dr|St|Prof|Sen|Rep|Gov|Gen)\.\Z")
_JOINER = "\u200d"


def first_sentence(text: str) -> str:
    """Return the first sentence of a plain text on one line; all of it, where it has no end of one.

    It has at most MAX_SENTENCE characters: a longer one is cut after a word, and ends in `…`.
    """
    head = text[: MAX_SENTENCE + 2]  # with the space after it, and what follows that
    for end in _END.finditer(head):
        if end.end() > MAX_SENTENCE:
            break
        if _ends_sentence(end, head):
            return head[: end.end()]
    return text if len(text) <= MAX_SENTENCE else _cut(head)


def _ends_sentence(end: re.Match[str], text: str) -> bool:
    """Return whether a sentence ends at a match of _END in a text."""
    rest = text[end.end() : end.end() + 2]
    # After a quotation, the sentence around it may go on.
    if rest and rest[0] != " " and not (end[1][-1] in _EAST_ASIAN and not end[2]):
        return False
    if rest.strip().islower():  # as after "Yahoo!" and "etc."
        return False
    return end[0] != "." or not _ABBREVIATION.search(text, max(end.end() - 10, 0), end.end())


def _cut(text: str) -> str:
    """Return as many words of a text as fit, with a mark; of text with few spaces, as many whole characters."""
    end = MAX_SENTENCE - len(_CUT)
    words = text[: end + 1].rpartition(" ")[0]
    if len(words) > end // 2:
        return words.rstrip(" ,;:-–—") + _CUT  # noqa: RUF001
    while end > 1 and (_continues(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    return text[:end] + _CUT


def _continues(character: str) -> bool:
    """Return whether a character is shown as one with that before it."""
    return character == _JOINER or unicodedata.category(character).startswith("M")
