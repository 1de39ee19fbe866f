"""Small numbers as words, the way a headline has them: seven rules, not 7."""

from cooperation.book import Text

WORDS = (
    Text("null", "no"),
    Text("eine", "one"),
    Text("zwei", "two"),
    Text("drei", "three"),
    Text("vier", "four"),
    Text("fünf", "five"),
    Text("sechs", "six"),
    Text("sieben", "seven"),
    Text("acht", "eight"),
    Text("neun", "nine"),
    Text("zehn", "ten"),
    Text("elf", "eleven"),
    Text("zwölf", "twelve"),
)


def in_words(number: int) -> str:
    """``number`` from 0 in words of the current language; above twelve in figures."""
    return str(WORDS[number]) if 0 <= number < len(WORDS) else str(number)
