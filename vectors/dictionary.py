"""Makes the dictionary that narrow circuits pack with (spec/serial.md §5.2), from vectors/dictionary/*.txt.

    pip install zstandard==0.25.0
    python3 vectors/dictionary.py            # says whether spec/serial-1.zdict is what comes out
    python3 vectors/dictionary.py --write    # writes it

The texts are written for this and nobody's messages. Each line is a sentence in which {p} stands for a place, {t} for a time, {d} for
a day and {n} for a number; the same seed puts in the same ones every time. What comes out is the dictionary for
ever: the memorandum of a line names it by its hash, and other texts would make another one.
"""

import hashlib
import pathlib
import random
import re
import sys

import zstandard

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "spec" / "serial-1.zdict"
SIZE = 32_768
ROUNDS = 12
# Texts in these have fewer sentences, or need more of them to be worth a code.
MORE = {"ar": 4, "uk": 4, "zh": 4}

LATIN = "Aleppo Raqqa Palmyra Tartus Latakia Idlib Beirut Tripoli Mosul Erbil Sirte Gaza Haifa Odesa Kherson Donetsk Larnaca Kirkuk".split()
PLACES = {
    "en": LATIN,
    "fr": "Alep Raqqa Palmyre Tartous Lattaquié Idleb Beyrouth Tripoli Mossoul Erbil Syrte Gaza Haïfa Odessa".split(),
    "es": "Alepo Raqa Palmira Tartús Latakia Idlib Beirut Trípoli Mosul Erbil Sirte Gaza Haifa Odesa".split(),
    "ru": "Алеппо Ракка Пальмира Тартус Латакия Идлиб Бейрут Триполи Мосул Эрбиль Сирт Газа Хайфа Одесса Херсон".split(),
    "uk": "Алеппо Ракка Пальміра Тартус Латакія Ідліб Бейрут Триполі Мосул Ербіль Газа Хайфа Одеса Херсон Харків".split(),
    "ar": "حلب الرقة تدمر طرطوس اللاذقية إدلب بيروت طرابلس الموصل أربيل سرت غزة حيفا دمشق حماة حمص".split(),
    "zh": "阿勒颇 拉卡 巴尔米拉 塔尔图斯 拉塔基亚 伊德利卜 贝鲁特 的黎波里 摩苏尔 埃尔比勒 加沙 海法".split(),
}
DAYS = {
    "en": ["{} January", "{} March", "{} April", "{} June", "{} August", "{} September", "{} November", "{} December"],
    "fr": ["{} janvier", "{} mars", "{} avril", "{} juin", "{} août", "{} septembre", "{} novembre"],
    "es": ["{} de enero", "{} de marzo", "{} de abril", "{} de junio", "{} de agosto", "{} de noviembre"],
    "ru": ["{} января", "{} марта", "{} апреля", "{} июня", "{} августа", "{} сентября", "{} ноября"],
    "uk": ["{} січня", "{} березня", "{} квітня", "{} червня", "{} серпня", "{} вересня", "{} листопада"],
    "ar": ["{} كانون الثاني", "{} آذار", "{} نيسان", "{} حزيران", "{} آب", "{} أيلول", "{} تشرين الثاني"],
    "zh": ["1月{}日", "3月{}日", "4月{}日", "6月{}日", "8月{}日", "11月{}日"],
}


def filled(sentence, language, draw):
    def value(found):
        match found.group(1):
            case "p":
                return draw.choice(PLACES[language])
            case "d":
                return draw.choice(DAYS[language]).format(draw.randint(1, 28))
            case "n":
                return str(draw.choice([3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 100, 120, 200, 500, 1000, 1500, 3000, 5000]))
        hour, minute = draw.randint(0, 23), draw.choice([0, 0, 15, 30, 45])
        return draw.choice([f"{hour:02}{minute:02}Z", f"{hour:02}:{minute:02}"])

    return re.sub(r"\{([ptdn])\}", value, sentence)


def samples():
    draw = random.Random("detente dictionary 1")
    found = []
    for language in sorted(PLACES):
        sentences = (HERE / "dictionary" / f"{language}.txt").read_text("utf-8").splitlines()
        for _ in range(ROUNDS * MORE.get(language, 1)):
            for sentence in sentences:
                # One sentence, or two that do not always stand together.
                texts = [sentence] if draw.random() < 0.6 else [sentence, draw.choice(sentences)]
                text = ("" if language == "zh" else " ").join(filled(text, language, draw) for text in texts)
                found.append(text.encode())
    return found


def main():
    made = zstandard.train_dictionary(SIZE, samples(), k=200, d=8, level=19, dict_id=1).as_bytes()
    digest = hashlib.sha256(made).hexdigest()
    if "--write" in sys.argv:
        OUT.write_bytes(made)
        print(f"{OUT.name}: {len(made)} bytes, SHA-256 {digest}")
    elif not OUT.exists() or OUT.read_bytes() != made:
        sys.exit(f"spec/{OUT.name} is not what comes of the texts: {digest}")


main()
