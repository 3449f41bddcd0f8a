"""A package like the one that holds GraphiQL, small."""

import base64
import gzip
import hashlib
import io
import json
import tarfile

from controller.graphiql import FILES

TEXTS = {name: f'/* {name}: "quoted" </script> é */\n' * 50 for name in FILES}


def packed(texts: dict[str, str] = TEXTS) -> tuple[bytes, str]:
    """The tarball that npm would serve, and its integrity."""
    module = "".join(
        f"export const {name} = {json.dumps(text, ensure_ascii=False)};\n"
        for name, text in {"favicon": "data:,", **texts}.items()
    )
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        for name, text in {"esm/graphiql.js": module, "LICENSE": "MIT\n"}.items():
            member = tarfile.TarInfo(f"package/{name}")
            content = text.encode()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    tarball = gzip.compress(file.getvalue(), mtime=0)  # the same at each call
    digest = base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    return tarball, f"sha512-{digest}"
