"""Sentences are questions in other languages too; commands, and words that mix alphabets, are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isaacd.routing.routes.tongues import foreign
from tests.routing_house import RoutingHouse

SENTENCES = """
wie lösche ich alle leeren Ordner?
zeige mir die größten Dateien in diesem Ordner
was macht der Befehl tar xzf?
warum ist der Rechner so langsam?
suche alle Dateien, die größer als 100 MB sind
comment supprimer tous les dossiers vides ?
montre moi les plus gros fichiers
où est le fichier de configuration de ssh ?
trouve tous les fichiers modifiés aujourd'hui
¿cómo borro todas las carpetas vacías?
muéstrame los archivos más grandes
cuánto espacio queda en el disco?
come elimino tutte le cartelle vuote?
como apagar todas as pastas vazias?
hoe verwijder ik alle lege mappen?
toon de grootste bestanden in deze map
jak usunąć wszystkie puste katalogi?
hur tar jag bort alla tomma mappar?
jak smazat všechny prázdné složky?
boş klasörleri nasıl silerim?
làm sao để xóa thư mục trống?
как удалить все пустые папки?
покажи самые большие файлы
πώς διαγράφω άδειους φακέλους;
如何删除所有空目录？
空のディレクトリを削除するには？
빈 디렉터리를 모두 삭제하는 방법
كيف أحذف المجلدات الفارغة؟
איך מוחקים תיקיות ריקות?
watch the log for errors
cut the first column from this csv
""".strip().splitlines()
COMMANDS = """
ls größe
cat über.txt
grep -r über .
git commit -m 'zeige mir die Dateien'
mv alt.txt neu.txt
foo in out
foo a o
unheard run dev
unheard -x wie was
сat file
rm -rf папка
папка
ls | wie was ist
wie && was
kubectx die
""".strip().splitlines()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> RoutingHouse:
    return RoutingHouse(tmp_path_factory.mktemp("house"))


@pytest.mark.parametrize("line", SENTENCES)
def test_a_sentence_is_a_question_in_any_language(house: RoutingHouse, line: str) -> None:
    found = house.route(line)
    assert (found.kind, found.question) == ("question", line)


@pytest.mark.parametrize("line", COMMANDS)
def test_what_is_told_to_a_shell_is_none(house: RoutingHouse, line: str) -> None:
    assert house.route(line).kind != "question"


def test_what_begins_with_a_program_is_told_to_a_shell(house: RoutingHouse) -> None:
    house.install("zeige")
    assert house.route("zeige mir die größten Dateien").kind == "shell"


@given(st.text(max_size=80))
def test_no_text_is_a_fault(text: str) -> None:
    foreign(text.split(), text)
