"""``medical``: separate tokens per modality, with roles.

Image tokens read anatomy and pathology, text tokens terminology and clinical context. Each starts from the decoder's
embeddings of its role's vocabulary. With odd K the extra token is pathology or terminology; a single token starts from
both vocabularies of its modality.
"""

from __future__ import annotations

from radz.model.token_design import TokenDesign

ANATOMY = "lung heart chest rib diaphragm mediastinum spine left right upper lower hilum pleura"
PATHOLOGY = "opacity effusion consolidation mass nodule pneumonia fracture edema abnormal disease collapse"
TERMINOLOGY = "finding impression atelectasis cardiomegaly pneumothorax infiltrate diagnosis normal acute chronic"
CONTEXT = "patient history fever cough pain dyspnea year old male female presents clinical"


def medical(count: int) -> TokenDesign:
    """K = ``count`` tokens per modality."""
    image = tuple(f"<ImgCls_{k}>" for k in range(1, count + 1))
    text = tuple(f"<TxtCls_{k}>" for k in range(1, count + 1))
    vocabulary = {
        **dict(zip(image, _image_words(count), strict=True)),
        **dict(zip(text, _roles(count, CONTEXT, TERMINOLOGY), strict=True)),
    }
    return TokenDesign(image, text, vocabulary)


def image_roles(count: int) -> tuple[str, ...]:
    """Role of each image token: ``anatomy``, ``pathology`` or, for a single one, ``both``."""
    return tuple({ANATOMY: "anatomy", PATHOLOGY: "pathology"}.get(words, "both") for words in _image_words(count))


def _image_words(count: int) -> list[str]:
    return _roles(count, ANATOMY, PATHOLOGY)


def _roles(count: int, minor: str, major: str) -> list[str]:
    """Half the tokens take the minor role, the rest the major one; one alone takes both."""
    if count == 1:
        return [f"{minor} {major}"]
    return [minor] * (count // 2) + [major] * (count - count // 2)


plugin = medical
