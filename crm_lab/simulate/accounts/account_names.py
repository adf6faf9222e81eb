"""Names, streets and telephone numbers of persons who do not exist."""

from __future__ import annotations

from typing import Final

import numpy as np

from crm_lab.arrays import Integers

_WOMEN: Final = """
Elizabeth:Liz Katherine:Kate Margaret:Maggie Jennifer:Jen Jessica:Jess Susan:Sue Patricia:Patty Rebecca:Becky
Deborah:Debbie Christina:Tina Victoria:Vicky Alexandra:Sandy Samantha:Sam Barbara:Barb Kimberly:Kim Pamela:Pam
Theresa:Terry Amanda:Mandy Stephanie:Steph Abigail:Abby Emily:Em Sarah:Sally Dorothy:Dot Judith:Judy Melissa:Mel
Angela:Angie Cynthia:Cindy Madeleine:Maddie Josephine:Josie Eleanor:Ellie Catherine:Cathy Gabrielle:Gabby
Jacqueline:Jackie Valerie:Val Isabella:Bella Olivia:Livvy Charlotte:Lottie Penelope:Penny Philippa:Pippa
Rosemary:Rosie Nicole:Nicky Danielle:Dani Anna:Annie Helen:Nell Frances:Fran Winifred:Winnie Henrietta:Hetty
Martha:Marty Lillian:Lily Beatrice:Bea
"""
_MEN: Final = """
Robert:Bob William:Bill Richard:Dick James:Jim John:Jack Michael:Mike Thomas:Tom Charles:Chuck Joseph:Joe
Daniel:Dan Matthew:Matt Anthony:Tony Edward:Ted Steven:Steve Andrew:Drew Kenneth:Ken Joshua:Josh Timothy:Tim
Jeffrey:Jeff Gregory:Greg Benjamin:Ben Samuel:Sam Patrick:Pat Alexander:Alex Nicholas:Nick Jonathan:Jon
Christopher:Chris Lawrence:Larry Gerald:Jerry Frederick:Fred Vincent:Vince Philip:Phil Raymond:Ray Douglas:Doug
Peter:Pete Leonard:Len Walter:Walt Albert:Bert Ronald:Ron Henry:Harry Francis:Frank Theodore:Theo Arthur:Art
Maximilian:Max Dominic:Nic Harold:Hal Stanley:Stan Bernard:Bernie Eugene:Gene Zachary:Zach Nathaniel:Nate
"""
_FAMILIES: Final = """
Smith Johnson Williams Brown Jones Miller Davis Wilson Anderson Taylor Thomas Moore Jackson Martin Thompson
White Harris Clark Lewis Robinson Walker Young Allen King Wright Scott Hill Green Adams Nelson Baker Hall
Campbell Mitchell Carter Roberts Phillips Evans Turner Parker Collins Edwards Stewart Morris Murphy Cook Rogers
Morgan Cooper Peterson Reed Bailey Bell Kelly Howard Ward Cox Richardson Watson Brooks Wood James Bennett Gray
Hughes Price Myers Long Foster Sanders Ross Morales Powell Sullivan Russell Fisher Henderson Cole Patterson
Jordan Reynolds Hamilton Graham Wallace West Hayes Bryant Gibson Ellis Stevens Murray Ford Marshall Owens
Harrison Kennedy Wells Warren Fox Rose Rice Stone Hawkins Dunn Perkins Hudson Spencer Gardner Payne Pierce Berry
Matthews Wagner Willis Ray Watkins Olson Carroll Duncan Snyder Hart Cunningham Bradley Lane Andrews Ruiz Harper
Riley Armstrong Carpenter Weaver Greene Lawrence Elliott Chavez Sims Austin Peters Kelley Franklin Lawson
"""
_STARTS: Final = """
Ash Black Brad Brook Burn Carl Chal Clif Col Craw Dal Den Eas El Fair Fal Gil Hal Har Hol Ken Kirk Lang Lin Mar
Mel Mil New Nor Oak Pres Rad Ring Shel Stan Thorn Wake Wes Whit Win
"""
_ENDS: Final = """
bury by combe cott croft dale den field ford gate ham hurst land ley low man mere more ridge shaw ston stead ton
well wick wood worth
"""
_HAN_FAMILIES: Final = """
王:Wang 李:Li 张:Zhang 刘:Liu 陈:Chen 杨:Yang 黄:Huang 赵:Zhao 吴:Wu 周:Zhou 徐:Xu 孙:Sun 马:Ma 朱:Zhu 胡:Hu
郭:Guo 何:He 林:Lin 高:Gao 罗:Luo 郑:Zheng 梁:Liang 谢:Xie 宋:Song 唐:Tang 许:Xu 韩:Han 邓:Deng 冯:Feng 曹:Cao
彭:Peng 曾:Zeng 肖:Xiao 田:Tian 董:Dong 潘:Pan 袁:Yuan 蔡:Cai 蒋:Jiang 余:Yu 于:Yu 杜:Du 叶:Ye 程:Cheng 魏:Wei
苏:Su 吕:Lv 丁:Ding 任:Ren 卢:Lu 姚:Yao 沈:Shen 钟:Zhong 姜:Jiang 崔:Cui 谭:Tan 陆:Lu 范:Fan 汪:Wang 廖:Liao
石:Shi 金:Jin 韦:Wei 贾:Jia 夏:Xia 付:Fu 方:Fang 邹:Zou 熊:Xiong 白:Bai 孟:Meng 秦:Qin 邱:Qiu 侯:Hou 江:Jiang
尹:Yin 薛:Xue 闫:Yan 段:Duan 雷:Lei 龙:Long 黎:Li 史:Shi 陶:Tao 贺:He 毛:Mao 郝:Hao 顾:Gu 龚:Gong 邵:Shao
欧阳:Ouyang 司徒:Situ
"""
_HAN_GIVEN: Final = """
伟:wei 芳:fang 娜:na 敏:min 静:jing 强:qiang 磊:lei 洋:yang 艳:yan 勇:yong 军:jun 杰:jie 娟:juan 涛:tao 明:ming
超:chao 秀:xiu 霞:xia 平:ping 刚:gang 桂:gui 英:ying 华:hua 玉:yu 兰:lan 丹:dan 萍:ping 红:hong 建:jian 文:wen
志:zhi 国:guo 海:hai 永:yong 春:chun 晓:xiao 小:xiao 雪:xue 梅:mei 丽:li 婷:ting 慧:hui 鑫:xin 宇:yu 浩:hao
博:bo 子:zi 雨:yu 欣:xin 佳:jia 思:si 梦:meng 琪:qi 涵:han 轩:xuan 泽:ze 天:tian 俊:jun 辉:hui 鹏:peng 飞:fei
凯:kai 龙:long 斌:bin 林:lin 波:bo 峰:feng 云:yun 月:yue 莉:li 琳:lin 颖:ying 倩:qian 洁:jie 蕾:lei 薇:wei
菲:fei 宁:ning 安:an 康:kang 成:cheng 光:guang 东:dong 新:xin 亮:liang 家:jia 立:li 金:jin
"""
_STREETS: Final = """
Oak Maple Cedar Elm Pine Walnut Chestnut Birch Willow Spruce Park Lake River Hill Church Mill School Station
Bridge Garden Orchard Meadow Forest Spring Summit Prospect Highland Sunset Franklin Lincoln Washington Jefferson
Madison Monroe Adams Jackson Harbor Market Union Liberty Railroad College Academy Water Canal Quarry Windmill
Foundry Larch Hazel Juniper Magnolia Poplar Sycamore Laurel Ivy Clover Heather Linden Aspen
"""
_ROADS: Final = ("Street", "Road", "Avenue", "Lane", "Drive", "Court", "Place")
SHORT: Final = {
    "Street": "St", "Road": "Rd", "Avenue": "Ave", "Lane": "Ln", "Drive": "Dr", "Court": "Ct", "Place": "Pl",
}  # fmt: skip
"""How kinds of roads are cut short."""


def _pairs(text: str) -> dict[str, str]:
    return dict(pair.split(":") for pair in text.split())


NICKNAMES: Final = _pairs(_WOMEN + _MEN)
"""Given name -> the nickname that goes with it."""
WOMEN: Final = np.array(list(_pairs(_WOMEN)), dtype=object)
MEN: Final = np.array(list(_pairs(_MEN)), dtype=object)
FAMILIES: Final = np.array([*_FAMILIES.split(), *(a + b for a in _STARTS.split() for b in _ENDS.split())], dtype=object)
COMMON: Final = len(_FAMILIES.split())
"""So many of the family names are common ones."""
HAN_FAMILIES: Final = np.array(list(_pairs(_HAN_FAMILIES)), dtype=object)
HAN_GIVEN: Final = np.array(list(_pairs(_HAN_GIVEN)), dtype=object)
PINYIN: Final = _pairs(_HAN_FAMILIES + _HAN_GIVEN)
"""Character -> how it is written in Latin letters."""
_SPELT: Final = {"family": _pairs(_HAN_FAMILIES), "given": _pairs(_HAN_GIVEN)}
STREETS: Final = np.array([f"{name} {road}" for name in _STREETS.split() for road in _ROADS], dtype=object)
_AREAS: Final = np.array([area for area in range(201, 990) if area % 100 != 11 and area // 10 % 10 != 9])
_FICTION: Final = 100  # numbers 555-0100 to 555-0199 of each area are kept for fiction
_NUMBERS: Final = _AREAS.size * _FICTION
_STEP: Final = 48_271  # shares no factor with the number of numbers


def pinyin_of(text: str, part: str) -> str:
    """A family name or given name in Latin letters.

    >>> pinyin_of("欧阳", "family"), pinyin_of("小明", "given")
    ('Ouyang', 'Xiaoming')

    Args:
        text: In characters.
        part: ``family`` or ``given``.
    """
    spelt = _SPELT[part]
    return (spelt[text] if text in spelt else "".join(spelt[character] for character in text)).capitalize()


def skewed(u: np.ndarray, size: int, flat: float = 4.0) -> Integers:
    """Places in a list of names, the first ones often and the last ones rarely.

    >>> skewed(np.array([0.0, 0.5, 0.999]), 100).tolist()
    [0, 15, 99]
    """
    cumulative = np.cumsum(1 / (np.arange(size) + flat))
    drawn: Integers = np.searchsorted(cumulative / cumulative[-1], u, side="right")
    return np.minimum(drawn, size - 1)


def phone_digits(number: Integers) -> list[str]:
    """Telephone numbers of ten digits that are kept for fiction, different for different numbers.

    >>> phone_digits(np.array([0, 1]))
    ['2015550100', '7395550171']
    """
    place = number * _STEP % _NUMBERS
    area, last = _AREAS[place // _FICTION], place % _FICTION
    return [f"{a}55501{n:02d}" for a, n in zip(area.tolist(), last.tolist(), strict=True)]
