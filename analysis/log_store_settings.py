"""The object store that a source names, with the settings that the environment gives it and little patience."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from analysis.errors import DataError, UserError
from analysis.log_store import Store

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

OBJECT_STORES = ("s3://", "gs://", "gcs://", "abfs://", "abfss://")
CONNECT_SECONDS = 5
ANSWER_SECONDS = 15
TRIES = 3

_ADDRESS = re.compile(r"(?P<scheme>s3|gs|gcs|abfss?)://(?P<bucket>[^/]+)(?:/(?P<key>.*))?", re.DOTALL)


def store_of(source: str) -> tuple[Store, str]:
    """The store, and the path in it: bucket and key."""
    found = _ADDRESS.fullmatch(source)
    if found is None:
        raise DataError(f"{source} names no bucket; write it like s3://bucket/key")
    scheme, bucket, key = found["scheme"], found["bucket"], (found["key"] or "").rstrip("/")
    root = f"{scheme}://{bucket}"
    if scheme == "s3":
        store = Store(root, bucket, _s3(bucket, root), "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", _S3_SERVER)
    elif scheme in ("gs", "gcs"):
        store = Store(root, bucket, _gcs(), "GOOGLE_APPLICATION_CREDENTIALS", "the network's settings")
    else:
        container, _, host = bucket.partition("@")
        store = Store(root, container, _azure(host, source), _AZURE_SETTINGS, "the account's name")
    return store, f"{store.bucket}/{key}" if key else store.bucket


_S3_SERVER = "AWS_ENDPOINT_URL and AWS_REGION"
_AZURE_SETTINGS = "AZURE_STORAGE_ACCOUNT_KEY (or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET)"


def _s3(bucket: str, root: str) -> FileSystem:
    from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem, resolve_s3_region

    server = _environment("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    region = _environment("AWS_REGION", "AWS_DEFAULT_REGION")
    try:
        # Without one the client asks a machine that exists in AWS alone, and elsewhere waits for it.
        region = region or ("us-east-1" if server else resolve_s3_region(bucket))
    except OSError as error:
        says = " ".join(str(error).split())[:200]
        raise DataError(f"the region of {root} cannot be found ({says}); set AWS_REGION, or AWS_ENDPOINT_URL") from None
    return S3FileSystem(
        endpoint_override=server,
        region=region,
        connect_timeout=CONNECT_SECONDS,
        request_timeout=ANSWER_SECONDS,
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=TRIES),
    )


def _gcs() -> FileSystem:
    from pyarrow.fs import GcsFileSystem

    return GcsFileSystem(retry_time_limit=timedelta(seconds=ANSWER_SECONDS))


def _azure(host: str, source: str) -> FileSystem:
    """``host`` is account.dfs.core.windows.net; without it the environment names the account."""
    from pyarrow.fs import AzureFileSystem

    account, _, domain = host.partition(".")
    account = account or _environment("AZURE_STORAGE_ACCOUNT_NAME") or ""
    if not account:
        raise UserError(
            f"{source} does not say whose container it is; write abfss://container@account.dfs.core.windows.net/key, "
            "or set AZURE_STORAGE_ACCOUNT_NAME"
        )
    suffix = domain.removeprefix("dfs.").removeprefix("blob.")
    authorities = {"blob_storage_authority": f".blob.{suffix}", "dfs_storage_authority": f".dfs.{suffix}"}
    return AzureFileSystem(
        account,
        account_key=_environment("AZURE_STORAGE_ACCOUNT_KEY"),
        sas_token=_environment("AZURE_STORAGE_SAS_TOKEN"),
        **(authorities if suffix else {}),
    )


def _environment(*names: str) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
