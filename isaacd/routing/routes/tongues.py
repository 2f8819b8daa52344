"""Sentences in other languages than English, told by the small words that hold them together, or by their letters."""

import re
import unicodedata
from collections.abc import Sequence

MIN_UNSPACED = 4
# The small words of each language; few of them are the name of anything.
_SMALL = {
    "German": "wie was wo wann warum wer welche welcher welches wieviel ich du er sie wir ihr mir mich dir der die das den dem des ein eine einen "
    "einem ist sind war wurde wird kann kannst soll nicht und oder mit von zu zum zur auf aus bei nach für über unter alle allen "
    "dass diese dieser diesem dieses bitte zeige zeig finde suche erkläre noch am im um als",
    "French": "comment pourquoi quel quelle quels quelles quand où combien je tu il nous vous moi me le la les un une des du de ce cette ces "
    "est sont qui que dans sur avec pour par et ou tous toutes tout plus mon ma mes puis",
    "Spanish": "cómo como por qué cuánto cuánta cuántos cuál cuáles dónde cuándo quién yo tú él me mi el la los las un una unos de del en con para y o es "
    "son está están este esta estos todos todas todo más favor hace queda",
    "Italian": "come perché quale quali quanto quanta quanti dove quando chi io tu mi il lo la i gli le un una di del della dei delle nel sul con per e o "
    "è sono questo questa tutti tutte tutto più favore rimasto che da",
    "Portuguese": "como por que porquê qual quais quanto quantos onde quando quem eu você me meu minha o a os as um uma de do da dos das em no na com "
    "para e ou é são está este esta todos todas tudo mais favor",
    "Dutch": "hoe waarom welke wat waar wanneer wie ik jij mij mijn de het een van in op met voor naar en of is zijn was dat die deze dit alle niet "
    "toon zoek vandaag kan",
    "Polish": "jak dlaczego gdzie kiedy który która które ile co kto ja mi mój w na z do od i lub jest są ten ta to wszystkie nie pokaż się tym",
    "Swedish": "hur varför var när vilken vilket vilka vad vem jag du mig min den det de en ett i på med för till och eller är inte alla denna detta "
    "visa bort mappen",
    "Czech": "jak proč kde kdy který která které kolik co kdo já mi můj v na z do od i nebo je jsou ten ta to všechny ne ukaž",
    "Turkish": "nasıl neden nerede ne zaman hangi kaç kim bu şu bir ve veya için ile en tüm bütün göster mi mı",
    "Vietnamese": "làm sao thế nào tại ở đâu khi nào ai cái này các tất cả và hoặc là để cho tôi của",
}  # fmt: skip
_BY_WORD: dict[str, set[str]] = {}
for _language, _text in _SMALL.items():
    for _word in _text.split():
        if len(_word) > 1 or not _word.isascii():  # one letter may be anything
            _BY_WORD.setdefault(_word, set()).add(_language)
_UNSPACED = re.compile("[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_ENDS = "?？。.!¿¡,;:、"


def foreign(words: Sequence[str], text: str) -> str | None:
    """Say why a line is plainly a sentence of another language; None if it may be meant for the shell."""
    said = [word.strip(_ENDS).lower() for word in words]
    said = [word for word in said if word]
    if not said:
        return None
    if _is_of_other_letters(said[0]):
        unspaced = len(_UNSPACED.findall(text)) >= MIN_UNSPACED
        others = sum(map(_is_of_other_letters, said))
        if unspaced or (len(said) > 1 and others * 2 > len(said)):
            return "it is a sentence, by its letters"
        return None
    if len(said) < 3 or not said[0].replace("-", "").replace("'", "").isalpha():
        return None
    counts: dict[str, int] = {}
    for word in dict.fromkeys(said):
        for language in _BY_WORD.get(word, ()):
            counts[language] = counts.get(language, 0) + 1
    if not counts:
        return None
    language = max(counts, key=counts.__getitem__)
    least = 1 if text.rstrip().endswith("?") or not said[0].isascii() else 2
    return f"it is a sentence in {language}" if counts[language] >= least else None


def _is_of_other_letters(word: str) -> bool:
    """Say whether all letters of a word are of an alphabet other than the Latin one; one that mixes them deceives."""
    letters = [char for char in word if char.isalpha()]
    return bool(letters) and not any(
        char.isascii() or unicodedata.name(char, "LATIN").startswith("LATIN") for char in letters
    )
