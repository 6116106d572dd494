"""Who stands behind a version: signatures of its manifest, `v0007/signatures/<key>.minisig`.

The manifest names every object by its SHA-256, its library and its number, so a signature of its
bytes is one of all of them. Several keys may sign a version. What a signature does not say is which
version a channel should have: whoever can write to the store can release an older signed one.
"""

from data.library.minisign import PublicKey, SecretKey, SignatureWrong, sign, verify
from data.library.records import LibraryError, LibraryManifest, digest, parse_manifest
from data.library.versions import folder_of, manifest_key
from data.object_store import ObjectMissing, ObjectStore


def sign_version(store: ObjectStore, library: str, version: int, key: SecretKey) -> str:
    """Sign a published version; return the URL of the signature. Signing again writes nothing.

    Raises:
        LibraryError: the version is not published, or its manifest is not valid.
        StoreError: the store refused.
    """
    content = _manifest(store, library, version)
    comment = f"{library} v{version:04d}, manifest sha256 {digest(content)}"
    place = _place(library, version, key.public)
    store.put_new(place, sign(content, key, comment).encode())
    return store.url_of(place)


def check_signature(store: ObjectStore, manifest: LibraryManifest, key: PublicKey) -> str:
    """Return what the signature of a version says; `manifest` is what was read of it before.

    Raises:
        SignatureWrong: the version is not signed by this key, or is another one.
        StoreError: the store refused.
    """
    name = f"{manifest.library} v{manifest.version:04d}"
    content = _manifest(store, manifest.library, manifest.version)
    try:
        text = store.get(_place(manifest.library, manifest.version, key)).decode()
        said = verify(content, text, key)
    except ObjectMissing:
        raise SignatureWrong(
            f"{name} is not signed by the key {key.name}; sign it with: texture-mill library sign "
            f"{manifest.library} v{manifest.version}"
        ) from None
    except (UnicodeDecodeError, LibraryError) as error:
        raise SignatureWrong(f"{name}: {error}") from None
    if parse_manifest(content, where=name) != manifest:
        raise SignatureWrong(f"{name} changed while it was read")
    return said


def _manifest(store: ObjectStore, library: str, version: int) -> bytes:
    try:
        content = store.get(manifest_key(library, version))
    except ObjectMissing:
        raise LibraryError(f"v{version:04d} of {library!r} is not published") from None
    found = parse_manifest(content, where=store.url_of(manifest_key(library, version)))
    if (found.library, found.version) != (library, version):
        raise LibraryError(f"v{version:04d} of {library!r} holds the manifest of another version")
    return content


def _place(library: str, version: int, key: PublicKey) -> str:
    return f"{folder_of(library, version)}/signatures/{key.name}.minisig"
