"""What a careful clerk writes in each language of claims_v1, for the answers that tests make from the gold."""

from __future__ import annotations

from typing import Final, NamedTuple


class Wording(NamedTuple):
    """Headings of a summary in order, and sentences with {name}, {line}, {fact} and {value} for what they are about."""

    headings: tuple[str, str, str, str] = ("Summary", "Missing Documents", "Escalation Signal", "Evidence Lines")
    none: str = "none"
    missing: str = "{name}: not found in packet [L{line}]"
    invented: str = "notarised power of attorney: not found in packet [L1]"
    routine: str = "nothing that asks for a closer look"
    shown: str = "as said"
    judged: str = "judged from the packet"
    bullet: str = "{fact}: {value} [L{line}]"
    covered: str = " and the loss is covered by the policy ["
    open: str = "the claim is open [L1]"
    reason: str = "as the note says"
    fact: str = "The {fact} is given as {value} [L{line}]."
    unseen: str = "The {name} is only spoken of and is not in the packet [L{line}]."
    reviewed: str = "The {name} was reviewed and supports the account [L{line}]."
    fault: str = "The other side is clearly at fault [L1]."
    row: str = "{fact}: {value}"
    unseen_row: str = "{name} is spoken of"
    reviewed_row: str = "{name} was reviewed"


ENGLISH: Final = Wording()
WORDINGS: Final[dict[str, Wording]] = {
    "de": Wording(
        headings=("Zusammenfassung", "Fehlende Unterlagen", "Eskalationssignal", "Belegzeilen"),
        none="keine",
        missing="{name}: nicht in der Akte [L{line}]",
        invented="notarielle Vollmacht: nicht in der Akte [L1]",
        routine="nichts, was einen genaueren Blick verlangt",
        shown="wie in der Akte gesagt",
        judged="nach der Akte beurteilt",
        bullet="{value} [L{line}]",
        covered=" und der Schaden ist durch die Police gedeckt [",
        open="der Fall ist offen [L1]",
        reason="wie in der Notiz gesagt",
        fact="Laut Akte gilt: {value} [L{line}].",
        unseen="Nicht in der Akte ist die Unterlage {name} [L{line}].",
        reviewed="Die Unterlage {name} wurde geprüft und stützt die Darstellung [L{line}].",
        fault="Die andere Seite ist eindeutig schuld [L1].",
        row="laut Akte {value}",
        unseen_row="{name} wird nur erwähnt",
        reviewed_row="{name} wurde geprüft",
    ),
    "fr": Wording(
        headings=("Résumé", "Pièces manquantes", "Signal d'alerte", "Lignes citées"),
        none="aucune",
        missing="{name} : absent du dossier [L{line}]",
        invented="procuration notariée : absent du dossier [L1]",
        routine="rien qui demande un examen",
        shown="comme le dit le dossier",
        judged="d'après le dossier",
        bullet="{value} [L{line}]",
        covered=" et le sinistre est couvert par le contrat [",
        open="le dossier est ouvert [L1]",
        reason="comme le dit la note",
        fact="Selon le dossier : {value} [L{line}].",
        unseen="La pièce {name} est absente du dossier [L{line}].",
        reviewed="La pièce {name} a été examinée et appuie le récit [L{line}].",
        fault="La partie adverse est clairement en tort [L1].",
        row="selon le dossier : {value}",
        unseen_row="{name} est seulement cité",
        reviewed_row="{name} a été examiné",
    ),
    "es": Wording(
        headings=("Resumen", "Documentos que faltan", "Señal de alerta", "Líneas citadas"),
        none="ninguno",
        missing="{name}: no consta en el expediente [L{line}]",
        invented="poder notarial: no consta en el expediente [L1]",
        routine="nada que pida una mirada",
        shown="como dice el expediente",
        judged="según el expediente",
        bullet="{value} [L{line}]",
        covered=" y el siniestro está cubierto por la póliza [",
        open="el caso está abierto [L1]",
        reason="como dice la nota",
        fact="Según el expediente: {value} [L{line}].",
        unseen="El documento {name} no consta en el expediente [L{line}].",
        reviewed="El documento {name} fue revisado y apoya el relato [L{line}].",
        fault="La otra parte tiene claramente la culpa [L1].",
        row="según el expediente: {value}",
        unseen_row="{name} solo se cita",
        reviewed_row="{name} fue revisado",
    ),
}
