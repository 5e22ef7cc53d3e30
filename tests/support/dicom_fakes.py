"""DICOM datasets made up in memory, of no patient, sound and malformed."""

from __future__ import annotations

import io

import numpy as np
import pydicom
import pytest
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

RAMP = np.arange(256, dtype=np.uint16).reshape(16, 16)
EXACT = RAMP.astype(np.float32) / 255


def film(stored=None, raw=None, **tags):
    """A dataset of one grey frame; a tag of None is left out.

    raw: keyword -> bytes that are written as they are, whether or not they are a value of the element.
    """
    stored = RAMP * 16 if stored is None else stored
    bits = stored.dtype.itemsize * 8
    ds = Dataset()
    ds.file_meta = pydicom.dataset.FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.1.1")
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = UID("1.2.3")
    ds.PatientName = "Secret^Name"
    values = {
        "Rows": stored.shape[0],
        "Columns": stored.shape[1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": 12 if bits == 16 else 8,
        "PixelRepresentation": int(stored.dtype.kind == "i"),
        "PixelData": stored.tobytes(),
    } | tags
    if values["BitsStored"] is not None:
        values.setdefault("HighBit", values["BitsStored"] - 1)
    for name, value in values.items():
        if value is not None:
            setattr(ds, name, value)
    if "PixelData" in ds:
        ds["PixelData"].VR = "OW" if bits > 8 else "OB"
    for name, value in (raw or {}).items():
        put(ds, name, value)
    return ds


def put(ds, keyword, value, vr=None):
    """Write ``value``, bytes, as the value of an element."""
    vr = vr or dictionary_VR(keyword).partition(" ")[0]
    value += (b" " if vr in ("DS", "IS", "CS") else b"\0") * (len(value) % 2)
    ds[Tag(keyword)] = RawDataElement(Tag(keyword), vr, len(value), value, 0, False, True)


def table(data, first=0, bits=16, count=None, vr="OW"):
    """The value of a sequence of one lookup table, of the modality or VOI kind; ``count`` is what it declares."""
    item = Dataset()
    count = len(data) if count is None else count
    put(item, "LUTDescriptor", np.array([count % 65536, first % 65536, bits], "<u2").tobytes(), "US")
    words = np.asarray(data, np.uint16)
    item.add_new("LUTData", vr, words.tobytes() if vr == "OW" else words.tolist())
    return [item]


def saved(ds, path):
    """``ds`` in a file; returns its path."""
    ds.save_as(path, enforce_file_format=True)
    return path


def content(ds):
    """The bytes of a file of ``ds``."""
    buffer = io.BytesIO()
    ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def gdcm_jpeg(folder, ds, syntax):
    """A file of ``ds`` as GDCM compresses it, since pydicom does not write JPEG. ``syntax``: of gdcm.TransferSyntax."""
    gdcm = pytest.importorskip("gdcm")
    saved(ds, folder / "raw.dcm")
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(folder / "raw.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(folder / "jpeg.dcm"))
    assert writer.Write()
    return folder / "jpeg.dcm"


def frame_of(path):
    """The compressed frame of a file and the place of its first byte there."""
    frame = next(pydicom.encaps.generate_frames(pydicom.dcmread(path).PixelData, number_of_frames=1))
    return frame, path.read_bytes().index(frame)
