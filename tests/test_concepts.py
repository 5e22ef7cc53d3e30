"""The shipped concepts: labels of public corpora, hierarchy, names in three languages, and their count."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from radz.data.corpora import chestxray14
from radz.knowledge import IMAGED, Concept, KnowledgeBase, fold, mentions
from radz.knowledge.inventory import describe, statements
from radz.types import NORMAL

KNOWLEDGE = KnowledgeBase.load()
FILMED = [c for c in KNOWLEDGE if c.kind in IMAGED and (c.body_part, c.modality) == ("chest", "radiograph")]

CHEXPERT = [  # header of CheXpert's train.csv; MIMIC-CXR's mimic-cxr-2.0.0-chexpert.csv has the same fourteen
    *("No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema"),
    *("Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture"),
    "Support Devices",
]
VINDR = [  # VinDr-CXR's 28 labels, and the two of VinBigData's table (torchxrayvision) that are spelt otherwise
    *("Aortic enlargement", "Atelectasis", "Calcification", "Cardiomegaly", "Clavicle fracture", "Consolidation"),
    *("Edema", "Emphysema", "Enlarged PA", "ILD", "Infiltration", "Lung Opacity", "Lung cavity", "Lung cyst"),
    *("Mediastinal shift", "Nodule/Mass", "Pleural effusion", "Pleural thickening", "Pneumothorax"),
    *("Pulmonary fibrosis", "Rib fracture", "Other lesion", "COPD", "Lung tumor", "Pneumonia", "Tuberculosis"),
    *("Other disease", "No finding", "Other diseases"),
]
SMALL = ["Pneumonia", "Lung Opacity", "Normal", "Pneumothorax", "COVID-19"]  # RSNA, SIIM, COVIDx
BRAIN = ["glioma_tumor", "meningioma_tumor", "pituitary_tumor", "glioma", "meningioma", "pituitary"]  # Kaggle brain MR
DEEPLESION = ["bone", "abdomen", "mediastinum", "liver", "lung", "kidney", "soft tissue", "pelvis"]  # its types 1 to 8
PADCHEST = """
    normal; COPD signs; cardiomegaly; aortic elongation; pleural effusion; scoliosis; pneumonia; interstitial pattern;
    chronic changes; infiltrates; costophrenic angle blunting; air trapping; alveolar pattern; NSG tube; kyphosis;
    laminar atelectasis; vertebral degenerative changes; vascular hilar enlargement; nodule; fibrotic band; apical
    pleural thickening; pacemaker; central venous catheter via jugular vein; calcified granuloma; callus rib fracture;
    atelectasis; sternotomy; volume loss; bronchiectasis; aortic atheromatosis; consolidation; increased density;
    hemidiaphragm elevation; heart insufficiency; endotracheal tube; hiatal hernia; pseudonodule; suture material;
    vertebral anterior compression; tracheostomy tube; central venous catheter via subclavian vein; metal; supra
    aortic elongation; hilar enlargement; emphysema; pulmonary edema; bronchovascular markings; dual chamber device;
    hypoexpansion; nipple shadow; descendent aortic elongation; pulmonary fibrosis; calcified densities; diaphragmatic
    eventration; hilar congestion; tuberculosis sequelae; pleural thickening; pulmonary mass; flattened diaphragm;
    goiter; lobar atelectasis; rib fracture; tracheal shift; superior mediastinal enlargement; mastectomy; granuloma;
    artificial heart valve; reticular interstitial pattern; osteopenia; osteosynthesis material; single chamber
    device; hyperinflated lung; gynecomastia; bullas; calcified adenopathy; calcified pleural thickening; chest drain
    tube; cavitation; sclerotic bone lesion; mammary prosthesis; adenopathy; reservoir central venous catheter;
    pneumothorax; minor fissure thickening; aortic button enlargement; azygos lobe; vascular redistribution; surgery
    breast; vertebral compression; surgery neck; artificial mitral heart valve; central venous catheter; mediastinic
    lipomatosis; axial hyperostosis; vertebral fracture; lung metastasis; multiple nodules; pectum excavatum; surgery
    lung; mediastinal enlargement; post radiotherapy changes; clavicle fracture; mediastinal mass; artificial aortic
    heart valve; osteoporosis; tuberculosis; humeral fracture; loculated pleural effusion; reticulonodular
    interstitial pattern; non axial articular degenerative changes; ground glass pattern; dai; pulmonary artery
    enlargement; thoracic cage deformation; fissure thickening; calcified pleural plaques; atypical pneumonia; end on
    vessel; surgery; central vascular redistribution; subcutaneous emphysema; ascendent aortic elongation; miliary
    opacities; air bronchogram; air fluid level; bone metastasis; lung vascular paucity; pulmonary hypertension;
    segmental atelectasis; central venous catheter via umbilical vein; heart valve calcified; costochondral junction
    hypertrophy; soft tissue mass; loculated fissural effusion; humeral prosthesis; cervical rib; hypoexpansion basal;
    kerley lines; lytic bone lesion; pericardial effusion; catheter; asbestosis signs; pneumoperitoneo; abnormal
    foreign body; calcified fibroadenoma; blastic bone lesion; pectum carinatum; azygoesophageal recess shift;
    mediastinal shift; major fissure thickening; mass; respiratory distress; lymphangitis carcinomatosa; aortic
    aneurysm; obesity; hydropneumothorax; external foreign body; subacromial space narrowing; pulmonary artery
    hypertension; aortic endoprosthesis; electrical device; atelectasis basal; ventriculoperitoneal drain tube;
    endoprosthesis; total atelectasis; pneumomediastinum; pleural plaques; right sided aortic arch; prosthesis;
    Chilaiditi sign; surgery heart; dextrocardia; surgery humeral; fracture; abscess; lepidic adenocarcinoma; double J
    stent; bone cement; pulmonary venous hypertension; calcified mediastinal adenopathy; gastrostomy tube; cyst;
    sternoclavicular junction hypertrophy; round atelectasis; empyema; pleural mass; esophagic dilatation; nephrostomy
    tube; breast mass; lipomatosis
"""
"""Every label of PadChest's table (wheel torchxrayvision 1.5.7) that speaks of what a film shows: not "unchanged",
"exclude" and "suboptimal study"."""
OPENI = """
    normal; Opacity; Cardiomegaly; Pulmonary Atelectasis; Calcinosis; Calcified Granuloma; Cicatrix; Markings; Pleural
    Effusion; Atherosclerosis; Catheters, Indwelling; Airspace Disease; Deformity; Granulomatous Disease; Nodule;
    Implanted Medical Device; Surgical Instruments; Scoliosis; Fractures, Bone; Pulmonary Congestion; Osteophyte;
    Infiltrate; Spondylosis; Emphysema; Granuloma; Pulmonary Disease, Chronic Obstructive; Hernia, Hiatal; Pulmonary
    Edema; Pneumonia; Pulmonary Emphysema; Diaphragmatic Eventration; Arthritis; Kyphosis; Bone Diseases, Metabolic;
    Tube, Inserted; Consolidation; Foreign Bodies; Lucency; Medical Device; Spinal Fusion; Pneumothorax; Pulmonary
    Fibrosis; Stents; Lung, Hyperlucent; Mass; Epicardial Fat; Lung Diseases, Interstitial; Heart Failure; Volume
    Loss; Hypertension, Pulmonary; Pericardial Effusion; Sutures; Nipple Shadow; Pneumonectomy; Blister; Mastectomy;
    Bronchiectasis; Hyperostosis, Diffuse Idiopathic Skeletal; Cavitation; Breast Implants; Cysts; Cystic Fibrosis;
    Pneumoperitoneum; Funnel Chest; Hydropneumothorax; Dislocations; Aortic Aneurysm; Bullous Emphysema; Pectus
    Carinatum; Sarcoidosis; Hernia, Diaphragmatic; Osteoporosis; Subcutaneous Emphysema; Tuberculosis; Hemothorax;
    Fibrosis; Expansile Bone Lesions; Colonic Interposition; Bronchiolitis; Hemopneumothorax; Mediastinal Emphysema
"""
"""Major headings of Open-I (ecgen-radiology, wheel torchxrayvision 1.5.7) that name a finding or a device. Not here:
anatomy ("Lung"), headings that mean something only with a qualifier ("Thickening"), and a few of one report each."""
PARTS = ["elbow", "finger", "forearm", "hand", "humerus", "shoulder", "wrist", "chest", "abdomen", "head", "breast"]
KINDS_OF_IMAGE = ["X-ray", "CT", "MRI", "ultrasound", "mammogram", "PET", "DX", "CR", "MR", "US", "MG"]


def listed(text: str) -> list[str]:
    return [label.strip() for label in text.replace("\n", " ").split(";")]


CORPORA = {
    "chestxray14": chestxray14.FINDINGS,
    "chexpert and mimic-cxr": CHEXPERT,
    "vindr-cxr": VINDR,
    "rsna, siim, covidx": SMALL,
    "padchest": listed(PADCHEST),
    "openi": listed(OPENI),
    "deeplesion": [f"{label} lesion on CT" for label in DEEPLESION],
    "brain mr": BRAIN,
}


@pytest.mark.parametrize("corpus", CORPORA)
def test_every_label_of_a_public_corpus_is_a_concept(corpus):
    assert [label for label in CORPORA[corpus] if label not in KNOWLEDGE] == []
    assert {KNOWLEDGE[label].kind for label in CORPORA[corpus]} <= set(IMAGED)


def test_the_alphabets_are_as_long_as_published():
    lengths = {"chexpert and mimic-cxr": 14, "deeplesion": 8, "padchest": 190, "vindr-cxr": 29, "chestxray14": 15}
    assert {corpus: len(set(CORPORA[corpus])) for corpus in lengths} == lengths


@pytest.mark.parametrize(
    ("label", "concept"),
    [
        ("Nodule/Mass", "lung_lesion"),
        ("Pleural Other", "pleural_other"),
        ("Hernia, Hiatal", "hernia"),
        ("volume loss", "atelectasis"),
        ("bullas", "bulla"),
        ("neumonía", "pneumonia"),
        ("NEUMOTÓRAX", "pneumothorax"),
        ("기흉", "pneumothorax"),
        ("흉수", "effusion"),
    ],
)
def test_labels_and_translations_find_their_concept(label, concept):
    assert KNOWLEDGE[label].id == concept


def test_body_parts_and_modalities_are_concepts_and_images_are_of_them():
    assert {KNOWLEDGE[name].kind for name in PARTS} == {"body_part"}
    assert {KNOWLEDGE[name].kind for name in KINDS_OF_IMAGE} == {"modality"}
    assert {KNOWLEDGE[c.body_part].id for c in KNOWLEDGE} == {c.body_part for c in KNOWLEDGE}
    assert {KNOWLEDGE[c.body_part].kind for c in KNOWLEDGE} == {"body_part"}
    assert {KNOWLEDGE[c.modality].kind for c in KNOWLEDGE} == {"modality"}


def test_the_base_is_as_large_as_promised():
    assert len(KNOWLEDGE) >= 120
    assert min(Counter(c.kind for c in KNOWLEDGE).values()) >= 8
    assert {c.group for c in FILMED} == {"infectious", "neoplastic", "cardiovascular", "other"}


def test_the_first_twenty_keep_their_names_and_places():
    first = {c.id: c.names for c in KNOWLEDGE if c.default or c.id == NORMAL}
    assert [*first] == [c.id for c in KNOWLEDGE][:20]
    # what the sentences of the shipped model were written from: hash of the base of its release
    assert hashlib.sha256(repr([*first.items()]).encode()).hexdigest()[:16] == "e3508337342e50c8"


def test_findings_of_the_chest_film_are_described_and_named_in_three_languages():
    for concept in FILMED:
        assert concept.definition, concept.id
        assert concept.appearance, concept.id
        assert concept.location or concept.id == "obesity", concept.id
        assert concept.translations["es"], concept.id
        assert any("\uac00" <= letter <= "\ud7a3" for letter in "".join(concept.translations["ko"])), (
            concept.id
        )  # Hangul


def test_texts_fit_into_sentences():
    texts = [text for concept in KNOWLEDGE for text in (*statements(concept), *concept.names)]
    assert [text for text in texts if text != text.strip() or text.endswith(".")] == []
    named = [c.id for c in KNOWLEDGE if mentions(fold(c.definition), [fold(c.name)])]
    assert named == ["tuberculosis"]  # "Mycobacterium tuberculosis"; a definition does without the name


def test_nothing_is_above_itself():
    above = {c.id: {parent for own in c.parents for parent in KNOWLEDGE.lineage(own)} for c in KNOWLEDGE}
    assert [concept for concept, line in above.items() if concept in line] == []


def test_a_narrower_form_is_of_the_same_image_and_kind():
    for concept in KNOWLEDGE:
        for parent in map(KNOWLEDGE.__getitem__, concept.parents):
            assert parent.kind == concept.kind
            assert parent.modality == concept.modality
            assert parent.body_part in (concept.body_part, "whole_body")


def test_chexperts_hierarchy_is_in_the_base():
    narrower = {
        "lung_opacity": {"edema", "consolidation", "pneumonia", "atelectasis", "infiltration"},
        "lung_lesion": {"nodule", "mass"},
        "enlarged_cardiomediastinum": {"cardiomegaly"},
        "pleural_other": {"pleural_thickening"},
    }
    assert {above: {c for c in below if above in KNOWLEDGE.lineage(c)} for above, below in narrower.items()} == narrower


def test_codes_are_umls_concepts_one_each():
    codes = [code for c in KNOWLEDGE for code in c.codes.values()]
    assert len(codes) == len(set(codes)) == 125  # benchmarks/_padchest_codes.py prints this number
    assert all(code[0] == "C" and code[1:].isdigit() and len(code) == 8 for code in codes)


def test_nothing_claims_a_source_that_it_does_not_name():
    assert {c.source for c in KNOWLEDGE} == {"unreviewed"}


def test_the_page_is_what_the_command_prints():
    page = Path(__file__).parents[1] / "docs" / "knowledge.md"
    assert page.read_text(encoding="utf-8") == describe(), "run: python -m radz.knowledge > docs/knowledge.md"


def test_statements_are_counted_by_whether_they_have_a_source():
    base = KnowledgeBase(
        [
            Concept(id="a", name="a", definition="d", appearance=("x", "y"), source="A book, chapter 1, 2026-01-01"),
            Concept(id="b", name="b", context=("z",), parents=("a",)),
        ]
    )
    page = describe(base)
    assert "2 concepts, 4 statements." in page
    assert "| sourced | 3 |" in page
    assert "| unreviewed | 1 |" in page
    assert "| a broader concept | 1 |" in page
