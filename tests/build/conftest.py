"""Object storage that builds write to."""

from collections.abc import Iterator

import pytest

from tests.object_store import S3, running_s3


@pytest.fixture(scope="package")
def server() -> Iterator[S3]:
    pytest.importorskip("s3fs")
    pytest.importorskip("moto")
    with running_s3() as server:
        yield server


@pytest.fixture
def s3(server: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    """A server with an empty bucket, as the environment names it, which was asked for nothing yet."""
    names = {"ACCESS_KEY_ID": "testing", "SECRET_ACCESS_KEY": "testing", "DEFAULT_REGION": "us-east-1"}
    for name, value in {**names, "ENDPOINT_URL": server.endpoint, "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    server.client.create_bucket(Bucket="feeds-bucket")
    yield server
    server.proxy.fault = lambda asked: (0, None)
    server.reset()
    server.proxy.asked, server.proxy.passed = [], []
