"""What two people say to each other to be sure that nobody sits between: seven words, or three numbers.

Words of the language of both, 64 in each list, so seven make 42 bits. Common words that begin with
different sounds; b and v, s and th, or letters that one language speaks alike, count as one sound. The order
is part of the protocol. Numbers where the languages differ. Spec: docs/spec/pairing.md, section 7.
"""

from dataclasses import dataclass
from enum import Enum

from satchel.errors import MisuseError

WORDS_PER_LIST = 64
WORD_BITS = 6
WORDS_COMPARED = 7
NUMBERS_COMPARED = 3
DIGITS_PER_NUMBER = 4
COMPARISON_BYTES = 16


class Language(Enum):
    """The value is what a card says (BCP 47)."""

    ENGLISH = "en"
    FRENCH = "fr"
    SPANISH = "es"
    ARABIC = "ar"
    PERSIAN = "fa"
    CHINESE = "zh"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Comparison:
    """For one pairing. Says nothing of its keys, so it may be kept until the contact is verified."""

    secret: bytes
    language: Language | None  # None: that of the two differs, so it is numbers

    def __post_init__(self) -> None:
        if len(self.secret) != COMPARISON_BYTES:
            raise MisuseError(f"a comparison is made of {COMPARISON_BYTES} bytes")

    def parts(self) -> tuple[str, ...]:
        """Seven words, or three numbers of four digits, in the order in which they are said."""
        if self.language is None:
            number = int.from_bytes(self.secret, "big")  # bias below 2**-88
            digits = f"{number % 10 ** (NUMBERS_COMPARED * DIGITS_PER_NUMBER):012d}"
            return tuple(
                digits[at : at + DIGITS_PER_NUMBER] for at in range(0, len(digits), DIGITS_PER_NUMBER)
            )
        bits = int.from_bytes(self.secret, "big") >> 8 * COMPARISON_BYTES - WORDS_COMPARED * WORD_BITS
        places = [bits >> WORD_BITS * at & WORDS_PER_LIST - 1 for at in range(WORDS_COMPARED)]
        return tuple(WORDS[self.language][place] for place in reversed(places))


_LISTS = {
    Language.ENGLISH: """
acorn airport album animal apple arrow autumn banana berry bicycle blanket bottle bridge butter camera chicken
cloud coffee crown dance desk dinner doctor dragon eagle eleven engine family feather finger flower forest
fruit garden glass gold hammer honey island jacket jungle kitchen ladder lemon mirror moon music needle
ocean orange paper pencil queen rabbit river salt seven tiger umbrella village water window yellow zebra
""",
    Language.FRENCH: """
abeille agneau ananas arbre avion banane beurre blanc bouton brique bureau café chemin clavier cousin crayon
danse dentiste dimanche docteur drapeau école éléphant étoile famille fenêtre ficelle fleur forêt fromage
gâteau girafe glace grenouille herbe hiver image journal lampe livre lune maison miel montagne musique
neige nuage oiseau orange papier pierre plage rideau robe sable soleil table tomate train usine vache
village zèbre pomme
""",
    Language.SPANISH: """
abeja agua amigo animal árbol barco bicicleta blanco bosque brazo burro caballo chocolate clavo cocina crema
dedo diente doctor dragón elefante enero escuela familia fiesta flor foto fruta gato globo gorra grillo
guitarra hormiga huevo isla jardín jirafa lápiz leche libro luna llave maestro mesa miel montaña mujer
naranja nieve oveja papel perro piedra playa puerta queso ratón reloj rosa silla sombrero tigre verano
""",
    Language.ARABIC: """
أسد أرنب باب بحر برتقال بيت توت تفاح تمر ثعلب جبل جمل حديقة حليب خبز خروف
دجاجة درس ذهب رمل رجل زيت زهرة سفينة سماء شجرة شمس صابون ضفدع طائرة طبيب عسل
عين عنب غابة غزال فراشة فيل قهوة قمر كتاب كرسي لحم ليمون مدرسة مطر مفتاح ملح
نافذة نجمة نخلة نهر هاتف وردة ولد يوم جزيرة خيمة شاي غيمة بطة سكر هواء وسادة
""",
    Language.PERSIAN: """
آسمان آینه ابر اتاق اسب انار باران برف بلبل بهار پدر پرنده پنجره پیراهن تابستان ترازو
توپ جنگل جوراب چای چتر چراغ چشمه خانه خرما خورشید دریا دست دوچرخه رنگ روباه زمستان
زنبور ساعت ستاره سفره سیب شتر شکر شیر صندلی طلا عسل عینک فردا فیل قاشق قلم
کبوتر کتاب کلید کوه گربه گندم لباس لیمو ماهی مدرسه میز نان نمک ورزش هندوانه یخچال
""",
    Language.CHINESE: """
苹果 香蕉 太阳 月亮 星星 天空 白云 雨伞 雪花 大海 河流 山羊 森林 花园 草地 石头
沙滩 火车 飞机 汽车 轮船 自行车 房子 窗户 门口 桌子 椅子 电话 手表 眼镜 铅笔 书包
报纸 钥匙 帽子 鞋子 米饭 面包 牛奶 鸡蛋 茶杯 糖果 西瓜 葡萄 橘子 老虎 兔子 熊猫
猴子 孔雀 蝴蝶 朋友 音乐 足球 春天 冬天 早上 红色 绿色 黄色 故事 城市 灯笼 风筝
""",
}
WORDS: dict[Language, tuple[str, ...]] = {
    language: tuple(words.split()) for language, words in _LISTS.items()
}
