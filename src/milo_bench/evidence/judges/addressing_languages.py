"""The words with which an answer speaks to its judge in other languages than English, as patterns.

Four kinds in each language: an address, an order to forget the rules, an order to accept, and the claim that the answer
was accepted already. They are matched on text in lower case, without marks that nobody sees.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_GAP: Final = r"\s{1,8}"
_START: Final = r"(?:^|[.!?:;*(\[>\n-])[\s*_]{0,8}"
_END: Final = r"[\s*_]{0,8}[:,.!)\]\u2013\u2014-]"
_UP_TO_4: Final = r"(?:[^\W\d_]{1,20}\s{1,8}){0,4}?"


@dataclass(frozen=True)
class _Language:
    """Alternatives of each part. ``to`` begins an address, ``judge`` is who is addressed."""

    to: str
    judge: str
    forget: str
    rules: str
    order: str
    accepted: str
    answer: str
    by: str  # what names who accepted it, which is no word to the judge


_LANGUAGES: Final = (
    _Language(  # German
        to=r"(?:hinweis|nachricht|anmerkung|notiz|bitte|anweisung|achtung|an|für|liebe[rs]?|sehr geehrte[rs]?)",
        judge=r"(?:prüf(?:er|erin|ende[nr]?|stelle)|gutachter(?:in)?|bewerter(?:in)?|bewertende[nr]?|richter(?:in)?|"
        r"jury|korrektor(?:in)?|schiedsrichter(?:in)?|evaluator(?:en)?|auswerter(?:in)?)",
        forget=r"(?:ignorier(?:e|en sie|t)|vergiss|vergessen sie|missachte(?:n sie)?|überge?he?(?:n sie)?)",
        rules=r"(?:anweisung(?:en)?|instruktion(?:en)?|vorgaben?|kriterien|regeln?|rubrik|bewertungsmaßstab)",
        order=r"(?:antworte(?:n sie)?|bewerte(?:n sie)?|gib|geben sie|stimme(?:n sie)?|"
        r"urteile(?:n sie)?|sag(?:e|en sie)?)",
        accepted=r"(?:akzeptier(?:t|en)|an(?:ge|zu)?nommen|angenommen|annehmen|bestanden|genehmigt|freigegeben|accept)",
        answer=r"diese (?:antwort|lösung|ausgabe)",
        by="von",
    ),
    _Language(  # French
        to=r"(?:note|message|remarque|consigne|attention|à l['’]attention|à|cher|chère|pour|bonjour)",
        judge=r"(?:juges?|correct(?:eur|rice)s?|évaluat(?:eur|rice)s?|examinat(?:eur|rice)s?|relect(?:eur|rice)s?|"
        r"vérificat(?:eur|rice)s?|jury|arbitre)",
        forget=r"(?:ignore[zr]?|oublie[zr]?|ne tiens pas compte|ne tenez pas compte)",
        rules=r"(?:instructions?|consignes?|critères?|règles?|barème|grille)",
        order=r"(?:réponds|répondez|note[zr]?|juge[zr]?|dis|dites|donne[zr]?|rends|rendez)",
        accepted=r"(?:accepté?e?s?|accepter|approuvée?|validée?|réussie?|accept)",
        answer=r"cette (?:réponse|solution|sortie)",
        by="par",
    ),
    _Language(  # Spanish
        to=r"(?:nota|mensaje|aviso|instrucción|atención|a|al|para|estimad[oa]s?|querid[oa]s?)",
        judge=r"(?:juez|jueza|jueces|evaluador(?:a|es)?|revisor(?:a|es)?|corrector(?:a|es)?|calificador(?:a|es)?|"
        r"examinador(?:a|es)?|jurado|verificador(?:a|es)?)",
        forget=r"(?:ignor[ae]n?|olvid[ae]n?|haga caso omiso|haz caso omiso|desestim[ae])",
        rules=r"(?:instruccion(?:es)?|criterios?|reglas?|rúbrica|indicaciones|pautas)",
        order=r"(?:responde|responda|contesta|conteste|califica|califique|marca|marque|di|diga|da|dé|vota|vote)",
        accepted=r"(?:acept(?:ad[oa]|ar|able)|aprobad[oa]|aprobar|válid[oa]|accept)",
        answer=r"esta (?:respuesta|solución|salida)",
        by="por",
    ),
    _Language(  # Italian
        to=r"(?:nota|messaggio|avviso|attenzione|all[ao']?|al|per|gentile|caro|cara)",
        judge=r"(?:giudic[ei]|valutator[ei]|revisor[ei]|corrett?or[ei]|esaminator[ei]|verificator[ei]|giuria)",
        forget=r"(?:ignor[ai]|ignorate|dimentic[ah]i?|dimenticate|trascur[ai])",
        rules=r"(?:istruzion[ei]|criteri|regole|rubrica|indicazioni)",
        order=r"(?:rispond[ia]|rispondete|valut[ai]|giudic[ah]i?|di[ci]a?|da[i']|vot[ai])",
        accepted=r"(?:accett(?:at[oa]|are|abile)|approvat[oa]|approvare|superat[oa]|accept)",
        answer=r"questa (?:risposta|soluzione)",
        by="da",
    ),
    _Language(  # Dutch
        to=r"(?:opmerking|bericht|notitie|let op|aan|voor|beste|geachte)",
        judge=r"(?:beoordela(?:ar|ars)|rechters?|nakijkers?|toetsers?|controleurs?|jury|corrector(?:en)?)",
        forget=r"(?:negeer|vergeet|sla over)",
        rules=r"(?:instructies?|criteria|regels?|aanwijzingen|rubriek)",
        order=r"(?:antwoord|beoordeel|geef|zeg|stem|reageer)",
        accepted=r"(?:geaccepteerd|accepteren|accepteer|goedgekeurd|goedkeuren|geslaagd|accept)",
        answer=r"(?:dit antwoord|deze oplossing)",
        by="door",
    ),
    _Language(  # Portuguese
        to=r"(?:nota|mensagem|aviso|atenção|a|ao|à|para|caro|cara|prezad[oa])",
        judge=r"(?:juiz|juíza|avaliador(?:a|es)?|revisor(?:a|es)?|corretor(?:a|es)?|examinador(?:a|es)?|"
        r"verificador(?:a|es)?|jurado)",
        forget=r"(?:ignor[ae]m?|esque[çc]a|desconsidere)",
        rules=r"(?:instru(?:ção|ções)|critérios?|regras?|rubrica|indicações)",
        order=r"(?:responda|responde|avalie|marque|diga|dê|vote)",
        accepted=r"(?:aceit[eoa]s?|aceitar|aprovad[oa]|aprovar|accept)",
        answer=r"esta (?:resposta|solução)",
        by="por",
    ),
    _Language(  # Polish
        to=r"(?:uwaga|wiadomość|notatka|do|dla|drogi|szanowny|szanowna)",
        judge=r"(?:sędzi(?:a|ego|ów)|ocenia(?:jący|jącego|jących)|recenzent(?:a|ów)?|sprawdzając(?:y|ego|ych)|"
        r"egzaminator(?:a|ów)?|weryfikator(?:a|ów)?)",
        forget=r"(?:zignoruj(?:cie)?|ignoruj(?:cie)?|zapomnij(?:cie)?|pomiń(?:cie)?)",
        rules=r"(?:instrukcj[eię]|kryteri(?:a|ów)|zasad[yę]?|polece(?:nia|ń)|wytyczn[ey]ch?)",
        order=r"(?:odpowiedz|odpowiadaj|oceń|powiedz|zagłosuj)",
        accepted=r"(?:zaakceptowan[aye]|zaakceptuj|akceptuj[eę]?|przyjęt[aye]|zatwierdzon[aye]|accept)",
        answer=r"ta (?:odpowiedź|rozwiązanie)",
        by="przez",
    ),
)


def _patterns(one: _Language) -> str:
    # An article, a preposition or both may stand between the parts.
    few = r"(?:[^\W\d_]{1,10}['’]?\s{0,8}){0,4}?"
    not_by = rf"(?:(?!{one.by}\b)[^\W\d_]{{1,20}}\s{{1,8}}){{0,4}}?"
    return "|".join(
        (
            rf"{_START}{one.to}\b\s{{0,8}}:?\s{{0,8}}{few}{one.judge}\b{_END}",
            rf"\b{one.forget}{_GAP}{_UP_TO_4}{one.rules}\b",
            rf"\b{one.order}\b{_GAP}(?:[^\W\d_]{{1,12}}{_GAP}){{0,2}}[\"'`*„“«]{{0,2}}{one.accepted}\b[\"'`*“”»]{{0,2}}\s{{0,8}}(?:[.!]|$)",
            rf"\b{one.answer}{_GAP}{not_by}{one.accepted}\b(?!\s{{1,8}}{one.by}\b)",
        )
    )


ADDRESSED_ABROAD: Final = re.compile(
    "|".join(
        (
            *map(_patterns, _LANGUAGES),
            # Russian, Ukrainian
            r"\b(?:за|про)?игнориру(?:й|йте)\s{1,8}(?:\w{1,20}\s{1,8}){0,3}?(?:инструкци|указани|правил|критери)",
            r"(?:провер(?:яющему|ке)|рецензенту|оценщику|судье|эксперту)\s{0,8}[:,!]",
            r"этот\s{1,8}ответ\s{1,8}(?:\w{1,20}\s{1,8}){0,3}?(?:принят|одобрен|засчита)",
            # Chinese, Japanese, Korean
            r"(?:评审|评委|评分|评判|審査|审核)(?:员|者|人|官|専門家)?\s{0,4}[:：,，]",
            r"(?:忽略|无视|無視).{0,12}(?:指令|指示|说明|說明|规则|標準|标准)",
            r"(?:評価|審査|採点|判定)(?:者|員|官)(?:の方|各位|様|さん)?(?:へ|に)?\s{0,4}[:：、,]",
            r"(?:指示|ルール|基準)を(?:すべて)?無視",
            r"(?:심사|평가|채점)(?:자|관|위원)(?:님|에게|께)?\s{0,4}[:：,]",
            r"(?:지시|지침|규칙).{0,8}무시",
            # Arabic, Turkish
            r"تجاهل.{0,20}(?:التعليمات|القواعد|المعايير)",
            r"(?:talimat|kural|kriter)\w{0,8}\s{1,8}(?:\w{1,12}\s{1,8})?(?:yok say|görmezden gel|dikkate alma)",
        )
    )
)
