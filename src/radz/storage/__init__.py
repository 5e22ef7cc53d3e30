"""Files on disk: written whole or not at all, hashed one way, locked one way; and the user's cache."""

from radz.storage.atomic import atomic_directory, atomic_file, exclusive_lock, remove_unfinished
from radz.storage.cache import cache_root, known_sha256, prepared
from radz.storage.hashing import SEAL, content_hash, file_sha256, sealed, unsealed
from radz.storage.text_files import UnreadableError, load_json, load_yaml, parse_json, parse_yaml, shortened
from radz.storage.wheels import Wheel, wheel_member, wheel_members

__all__ = [
    "SEAL",
    "UnreadableError",
    "Wheel",
    "atomic_directory",
    "atomic_file",
    "cache_root",
    "content_hash",
    "exclusive_lock",
    "file_sha256",
    "known_sha256",
    "load_json",
    "load_yaml",
    "parse_json",
    "parse_yaml",
    "prepared",
    "remove_unfinished",
    "sealed",
    "shortened",
    "unsealed",
    "wheel_member",
    "wheel_members",
]
