"""Commands on published runs, on runs that consist of their files alone."""

import ast
import json
import shutil
import socketserver
import ssl
import subprocess
import threading
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from crm_lab.cli import main
from crm_lab.project import project_root
from crm_lab.run.archive.page_answer import BYTES, answer
from tests.run.archive.made_runs import fact, state, write_run

FIRST, SECOND = "2024-04-01T06-00-00Z", "2024-04-08T06-00-00Z"


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """A project with two runs, of which the second has a share that fell by a third."""
    monkeypatch.setenv("CRM_LAB_HOME", str(tmp_path))
    for folder in ("notebooks", "suites", "outputs/weekly"):
        (tmp_path / folder).mkdir(parents=True)
    for run, value in ((FIRST, 0.60), (SECOND, 0.40)):
        made = state(fact("back.share", value, value - 0.02, value + 0.02, unit="share"))
        made["key"] = f"k{value}"
        write_run(tmp_path / "outputs" / "weekly", run, made)
    (tmp_path / "outputs" / "weekly" / "latest").symlink_to(SECOND)
    return tmp_path / "outputs"


def said(*arguments, code=0):
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


def test_diff_names_the_fall_first(outputs):
    lines = said("diff", "weekly").splitlines()
    assert lines[0] == "Since 2024-04-01 06:00 UTC 1 of 1 figures have moved more than usual:"
    assert lines[1].startswith("back.share (04): 40.0%, was 60.0% (−20.0 pp). Cause: ")
    assert json.loads(said("diff", "weekly", "--json"))["facts"][0]["verdict"] == "unusual"
    assert said("diff", f"weekly/{SECOND}", f"weekly/{SECOND}") == "Nothing has changed since 2024-04-08 06:00 UTC.\n"
    assert "no good run before" in said("diff", f"weekly/{FIRST}", code=2)


def test_history_is_a_row_a_run(outputs, tmp_path):
    said("history", "back.share", "--suite", "weekly", "--csv", str(tmp_path / "back.csv"))
    assert (tmp_path / "back.csv").read_text(encoding="utf-8").count("\n") == 3
    assert "no folder" in said("history", "back.share", "--suite", "weekly", "--csv", "/nowhere/x.csv", code=2)
    assert "there are, for example, back.share" in said("history", "back.shares", "--suite", "weekly", code=2)


def test_status_says_which_run_is_the_last_good_one(outputs):
    assert "weekly: 2 good of 2 runs" in said("status")
    write_run(outputs / "weekly", "2024-04-15T06-00-00Z", state(fact("a", 1)), exit_code=1)
    told = said("status", code=1)
    assert f"last good {SECOND}" in told
    assert "exit code 1" in told


def test_prune_keeps_the_newest_the_monthly_and_always_the_last_good(outputs):
    weekly = outputs / "weekly"
    for month in range(1, 7):
        for day in ("02", "09"):
            write_run(weekly, f"2025-{month:02d}-{day}T06-00-00Z", state(fact("a", 1)), exit_code=int(day == "09"))
    write_run(weekly, "2025-07-01T06-00-00Z", state(fact("a", 1)), exit_code=1)
    assert "12 runs would go" in said("prune", "--keep", "1", "--keep-monthly", "1", "--dry-run")
    said("prune", "weekly", "--keep", "2", "--keep-monthly", "2")
    left = sorted(path.name[:10] for path in weekly.iterdir() if path.name[0] == "2")
    assert left == ["2024-04-08", "2025-05-02", "2025-06-02", "2025-06-09", "2025-07-01"]  # latest points to the first
    assert (weekly / "latest" / "manifest.json").is_file()


def test_answers_are_small_and_of_the_documented_form(outputs):
    schema = json.loads((Path(__file__).parents[3] / "docs" / "answer.schema.json").read_text(encoding="utf-8"))
    told = json.loads(said("answer", "04", "--run", "weekly", "--json"))
    jsonschema.validate(told, schema)
    assert told["facts"][0]["value"] == 0.40
    file = outputs / "weekly" / SECOND / "04_whom_to_call_first" / "results.json"
    page = json.loads(file.read_text(encoding="utf-8"))
    page["results"][0]["readout"] = dict.fromkeys(("finding", "certainty", "action"), "客户" * 2_000)
    file.write_text(json.dumps(page), encoding="utf-8")
    told = answer("weekly", "04", outputs)
    jsonschema.validate(told, schema)
    assert len(json.dumps(told, ensure_ascii=False).encode()) <= BYTES
    assert "has no page '05'; it has 04" in said("answer", "05", "--run", "weekly", code=2)


@pytest.mark.parametrize("text", ["nope", "weekly/2001-01-01T00-00-00Z", "../weekly/..", "", "\x00"])
def test_what_is_no_run_is_one_sentence(outputs, text):
    for command in (["diff", text], ["verify", text], ["notify", text, "--dry-run"], ["answer", "04", "--run", text]):
        assert said(*command, code=2).startswith("Error: ")


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class _Smtp(socketserver.StreamRequestHandler):
    """As much of a mail server as takes one message."""

    def handle(self):
        self.wfile.write(b"220 test\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                self.server.mail = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


def test_a_mail_has_subject_sentences_and_link(outputs, monkeypatch):
    with _Server(("127.0.0.1", 0), _Smtp) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("CRM_LAB_SMTP", f"smtp://127.0.0.1:{server.server_address[1]}?from=lab@example.org")
        monkeypatch.setenv("CRM_LAB_REPORT_URL", "https://reports.example.org")
        told = said("notify", "weekly", "--to", "crm@example.org")
        server.shutdown()
    assert "Subject: Weekly: a figure moved more than usual" in server.mail
    assert f"https://reports.example.org/weekly/{SECOND}/index.html" in server.mail
    assert "1 × mail by 127.0.0.1" in told


def test_where_nobody_can_be_told_it_is_said_and_no_secret_with_it(outputs, monkeypatch):
    assert "There is nobody to tell" in said("notify", "weekly", code=2)
    monkeypatch.setenv("CRM_LAB_SMTP", "smtp://user:sesame@127.0.0.1:9")
    told = said("notify", "weekly", "--to", "crm@example.org", code=2)
    assert "127.0.0.1:9 did not take the message" in told
    assert "sesame" not in told


def test_the_assistants_tools_give_what_the_commands_give(outputs):
    from crm_lab.cli.runs import assistant

    assert [run["run"] for run in assistant.runs("weekly")] == [FIRST, SECOND]
    assert assistant.answer("weekly", "04") == answer("weekly", "04", outputs)
    assert [row["value"] for row in assistant.history("weekly", "back.share")] == [0.60, 0.40]
    assert assistant.changes("weekly") == {}


@pytest.mark.parametrize(("at", "cron"), [("mon 06:00", "0 6 * * 1"), ("daily 23:59", "59 23 * * *")])
def test_schedules_are_what_their_schedulers_read(at, cron, tmp_path):
    def printed(kind):
        return said("schedule", kind, "tour", "--at", at)

    assert f"{cron}  cd {project_root()}" in printed("cron")
    workflow = yaml.safe_load(printed("github"))
    assert workflow[True]["schedule"] == [{"cron": cron}]  # YAML 1.1 reads the key `on` as true
    ast.parse(printed("airflow"))
    assert f'schedule="{cron}"' in printed("airflow")
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze, which reads units, is not on this machine")
    for part in printed("systemd").split("# ~/.config/systemd/user/")[1:]:
        name, _, unit = part.partition("\n")
        (tmp_path / name).write_text(unit.split("# then")[0], encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, tmp_path.glob("crm-lab-*"))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "crm-lab-tour" not in done.stderr


@pytest.mark.parametrize("at", ["monday", "mon 24:00", "mon 6:0", "mon", "", "daily 12:60", "xyz 06:00"])
def test_what_is_no_time_is_refused(at):
    assert "is no time" in said("schedule", "cron", "tour", "--at", at, code=2)


def test_a_suite_whose_name_a_shell_would_read_is_not_scheduled(tmp_path):
    suite = tmp_path / "a; rm -rf.toml"
    suite.write_text('title = "T"\n[[page]]\nnotebook = "06_do_new_customers_return"\n', encoding="utf-8")
    assert "name of the suite" in said("schedule", "systemd", str(suite), code=2)


@pytest.mark.parametrize("kind", ["smtps", "starttls"])
def test_a_password_goes_to_no_server_without_a_certificate_that_is_trusted(outputs, monkeypatch, tmp_path, kind):
    pem = tmp_path / "own.pem"
    done = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(pem), "-out", str(tmp_path / "cert.pem")],
        capture_output=True, check=False,
    ) if shutil.which("openssl") else None  # fmt: skip
    if done is None or done.returncode:
        pytest.skip("openssl, which makes a certificate that nobody trusts, is not on this machine")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", pem)
    with _Server(("127.0.0.1", 0), _Secure) as server:
        server.context, server.kind, server.heard = context, kind, []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("CRM_LAB_SMTP", f"{kind}://user:sesame@localhost:{server.server_address[1]}")
        told = said("notify", "weekly", "--to", "crm@example.org", code=2)
        server.shutdown()
    assert "CERTIFICATE_VERIFY_FAILED" in told
    assert set(server.heard) <= {b"", b"no handshake"}


class _Secure(socketserver.BaseRequestHandler):
    """As much of a mail server as asks for TLS with a certificate of its own."""

    def handle(self):
        connection = self.request
        try:
            if self.server.kind == "starttls":
                connection.sendall(b"220 test\r\n")
                while b"STARTTLS" not in (line := connection.recv(1000)):
                    connection.sendall(b"250-test\r\n250 STARTTLS\r\n" if line else b"")
                connection.sendall(b"220 go\r\n")
            with self.server.context.wrap_socket(connection, server_side=True) as secure:
                secure.sendall(b"220 test\r\n")
                self.server.heard.append(secure.recv(1000))
        except OSError:
            self.server.heard.append(b"no handshake")
