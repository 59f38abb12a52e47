"""What a bucket is told, by the commands of the README, in moto's S3."""

import json
import re
import shlex
from typing import Any

from tests.conftest import ROOT
from tests.deploy.files import block
from tests.object_store import running_s3


def test_the_commands_for_a_bucket_are_taken() -> None:
    with running_s3() as s3:
        s3.client.create_bucket(Bucket="my-bucket")
        lines = block("As files in a bucket").splitlines()
        for line in lines:
            program, service, operation, *options = shlex.split(line)
            assert (program, service) == ("aws", "s3api")
            # The command is the operation of this name, whose parameters are the options.
            parameters = dict(zip(map(camel, options[::2]), map(value, options[1::2]), strict=True))
            getattr(s3.client, operation.replace("-", "_"))(**parameters)
        assert len(lines) == 2
        assert s3.client.get_bucket_website(Bucket="my-bucket")["IndexDocument"] == {"Suffix": "index.html"}
        (rule,) = s3.client.get_bucket_cors(Bucket="my-bucket")["CORSRules"]
        assert (rule["AllowedOrigins"], rule["AllowedMethods"]) == (["*"], ["GET", "HEAD"])


def camel(option: str) -> str:
    name = re.sub(r"-+(\w)", lambda found: found[1].upper(), option)
    return name.replace("Cors", "CORS")


def value(text: str) -> Any:
    """As the command takes it: a text, or the JSON in a file."""
    path = text.removeprefix("file://")
    return text if path == text else json.loads((ROOT / path).read_text())
