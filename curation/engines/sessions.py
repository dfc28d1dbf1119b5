"""Sessions of Spark Connect: on Sail in this process, on a local Spark, on a cluster."""

from __future__ import annotations

import os
import re
import socket
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from threading import Thread
from typing import Any

from botbench.core.errors import ResourceFailure, UserError, first_line
from botbench.core.mlflow_store import let_pyspark_import
from curation.engines import sail

DUCKDB = "duckdb"
SAIL = "sail"
LOCAL_SPARK = "local-spark"
NAMES = (DUCKDB, SAIL, LOCAL_SPARK, "spark://HOST:PORT", "sc://HOST:PORT")
"""How engines are called, for help and errors."""

HOST_PORT = r"[^/?#\s@]+:[0-9]{1,5}"
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # A sum that is too large is an error here as it is in DuckDB.
    "spark.sql.ansi.enabled": "true",
}
OF_A_DRIVER = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.debug.maxToStringFields": "1000",
}
CONNECT_SECONDS = 10
RETRIES = {"max_retries": 8, "max_backoff": 10_000}
"""A server that has gone is called again for about three quarters of a minute; PySpark's own
client would for more than ten, at every call.
"""
ON_THIS_MACHINE = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
"""Nobody on the network reaches a Spark of one machine."""


def check(engine: str) -> str:
    """The engine's name where it is one and its packages are there; raises UserError else."""
    if engine in {DUCKDB}:
        return engine
    if engine not in {SAIL, LOCAL_SPARK} and not (
        re.fullmatch(rf"spark://{HOST_PORT}(,{HOST_PORT})*", engine)
        or re.fullmatch(rf"sc://{HOST_PORT}(/.*)?", engine)
        or re.fullmatch(r"local-cluster\[[0-9]+,[0-9]+,[0-9]+\]", engine)
    ):
        raise UserError(f"There is no engine {engine!r}. Engines are {', '.join(NAMES)}.")
    for port in re.findall(r":([0-9]+)(?=[,/]|$)", engine.partition("/;")[0]):
        if not 1 <= int(port) <= 65535:
            raise UserError(f"There is no port {port}, as in {engine}: ports are 1 to 65535.")
    if engine == SAIL and find_spec("pysail") is None:
        raise UserError("The engine sail is not installed: pip install 'botbench[sail]'.")
    if find_spec("pyspark") is None:
        extra = "sail" if engine.startswith("sc:") else "spark"
        raise UserError(
            f"The engine {engine} needs PySpark, which is not installed:"
            f" pip install 'botbench[{extra}]'."
        )
    if not (engine == SAIL or engine.startswith("sc:")) and find_spec("py4j") is None:
        raise UserError(
            f"The engine {engine} needs the whole of PySpark, and here is only its client. Install"
            " it in an environment of its own (the two exclude each other):"
            " pip install 'botbench[spark]'."
        )
    return engine


@contextmanager
def session(engine: str, beside: bool = False) -> Iterator[Any]:
    """A Spark session of an engine, in UTC; what was started for it is stopped at the end.

    `sail` starts a server on a free port of the loopback interface: in this process, or `beside` it
    in one of its own, whose end gives its memory back. Raises
    UserError for an unknown engine or missing packages, ResourceFailure where no server answers.
    """
    check(engine)
    let_pyspark_import()
    # Before its first channel: gRPC writes every failed handshake to stderr.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    with warnings.catch_warnings():
        # The client warns at import of the newest pandas, which is not used here.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", r"\[RETRIES_EXCEEDED\]")
        if engine == SAIL:
            server = sail.beside if beside else sail.inside
            with server() as address, _opened(engine, f"sc://{address}") as spark:
                yield spark
        else:
            with _opened(engine, engine) as spark:
                yield spark


@contextmanager
def failures(engine: str, what: str) -> Iterator[None]:
    """Errors of an engine within the block are a ResourceFailure that says what was going on."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith(("pyspark.", "grpc", "py4j.")):
            raise
        raise ResourceFailure(
            f"The engine {engine} failed while {what}: {_cause(error)}. Its machines must see"
            " the same files as this one; its own log says more."
        ) from error


def _cause(error: Exception) -> str:
    """The line of an engine's error that says what went wrong, without a full stop."""
    # The first line of gRPC's own errors names their class.
    called = re.search(r'^\s*details = "(.+)"$', str(error), re.MULTILINE)
    if called:
        return called[1][:300].rstrip(".")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # An error of a Python worker comes with its traceback, whose last line says it.
    told = lines[-1] if any("stack trace" in line for line in lines) else first_line(error)
    return told[:300].rstrip(".")


@contextmanager
def _opened(engine: str, address: str) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    _reach(engine)
    builder = SparkSession.builder.appName("botbench")
    try:
        if address.startswith("sc://"):
            spark = builder.remote(address).create()
            _call_again(spark, **RETRIES)
            # The client would wait for a server that hangs, at Ctrl-C. To release a session
            # interrupts its operations too.
            spark.client.interrupt_operation = lambda _: []
        else:
            # The workers of this machine are this Python, and not the first that is called python3.
            os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
            spark = builder.config(map=_of_a_driver(address)).getOrCreate()
        for name, value in SETTINGS.items():
            spark.conf.set(name, value)
    except Exception as error:  # gRPC's and Py4J's own, by engine
        raise ResourceFailure(
            f"The engine {engine} does not answer: {_cause(error)}. Is the server running, and"
            " can this machine reach it?"
        ) from error
    try:
        yield spark
    finally:
        if address.startswith("sc://"):
            _leave(spark)
        else:
            try:
                spark.stop()
            finally:  # where its driver has died, too, for the next session gets one of its own
                _end_driver()


def _channel_builder(address: str) -> Any:
    """What opens channels to a server; raises UserError where its address has odd parameters."""
    from pyspark.errors import PySparkException
    from pyspark.sql.connect.client import DefaultChannelBuilder

    try:
        builder = DefaultChannelBuilder(address)
        _ = builder.session_id
    except PySparkException as error:
        raise UserError(
            f"{address} is no address of Spark Connect: {_cause(error)}. It is"
            " sc://HOST:PORT, and may have options behind it, such as /;use_ssl=true."
        ) from error
    return builder


def _call_again(spark: Any, **retries: int) -> None:
    from pyspark.sql.connect.client.retries import DefaultPolicy

    spark.client.set_retry_policies([DefaultPolicy(**retries)])


def _leave(spark: Any) -> None:
    """Release a session on a server; one that has gone or hangs is asked once, and left."""
    _call_again(spark, max_retries=0)
    ending = Thread(target=spark.stop, daemon=True)
    ending.start()
    ending.join(CONNECT_SECONDS)
    if ending.is_alive():
        spark.client.close()


def _end_driver() -> None:
    """End the process of Java that PySpark started for a driver, and would keep until we end."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    SparkContext._gateway = SparkContext._jvm = None
    if gateway is None:
        return
    process = getattr(gateway, "proc", None)
    gateway.shutdown()
    if process is not None:
        process.stdin.close()
        process.wait(CONNECT_SECONDS * 3)


def _reach(engine: str) -> None:
    """Raises ResourceFailure where nothing answers; the client itself would try for minutes."""
    if "://" not in engine:
        return
    host, _, port = engine.partition("://")[2].partition("/")[0].split(",")[0].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise ResourceFailure(
            f"The engine {engine} cannot be reached: {first_line(error)}. Start its server, or name"
            " the one that runs."
        ) from error
    if not engine.startswith("sc:"):
        return
    builder = _channel_builder(engine)
    from grpc import FutureTimeoutError, channel_ready_future

    with builder.toChannel() as channel:
        try:
            channel_ready_future(channel).result(CONNECT_SECONDS)
        except FutureTimeoutError as error:
            how = "with" if builder.secure else "without"
            raise ResourceFailure(
                f"The engine {engine} does not answer: what listens there did not speak gRPC {how}"
                f" TLS within {CONNECT_SECONDS} seconds. Is it a Spark Connect server, and does its"
                " address say use_ssl=true (or a token) where it has TLS?"
            ) from error


def _of_a_driver(engine: str) -> dict[str, str]:
    """The settings of a Spark whose driver is this process."""
    if engine.startswith("spark://"):
        return {"spark.master": engine, **OF_A_DRIVER}
    cores = os.cpu_count() or 1
    return {
        "spark.master": "local[*]" if engine == LOCAL_SPARK else engine,
        # The default of 200 is a cluster's, and takes seconds for each query here.
        "spark.sql.shuffle.partitions": str(2 * cores),
        **OF_A_DRIVER,
        **ON_THIS_MACHINE,
    }
