"""Labels of public corpora, as their tables spell them."""

from __future__ import annotations

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
