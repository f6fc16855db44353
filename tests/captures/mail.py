# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocols that begin in the clear and may go over to TLS: mail, files, databases; and what speaks TLS at once on
their other ports."""
from recorder import capture, flow

UPGRADED = {"encrypted": "yes", "upgraded": True}
PLAIN = {"encrypted": "no"}


def begins(port, protocol, *names, **facts):
    return flow(port, protocol, names=list(names), **facts)


def curl(lab, *words, **options):
    return lab.client("curl", "-sSk", "--max-time", "60", *words, **options)


def send(lab, url, *words):
    letter = lab.directory / "letter"
    letter.write_text("From: me@example.com\r\nTo: you@mail.example\r\nSubject: hello\r\n\r\nIt works.\r\n")
    curl(lab, url, "--mail-from", "me@example.com", "--mail-rcpt", "you@mail.example", "--upload-file", letter, *words)


@capture(begins(2525, "smtp", **PLAIN, n=1), begins(25, "smtp", **PLAIN, n=1), needs=["postfix"])
def smtp_plain(lab):
    """curl, mail in the clear: to a server that offers no STARTTLS, and to one that does"""
    send(lab, "smtp://mail.example:2525")
    send(lab, "smtp://mail.example:25")


@capture(begins(587, "smtp", "mail.example", **UPGRADED), needs=["postfix"])
def smtp_starttls(lab):
    """curl, mail with STARTTLS"""
    send(lab, "smtp://mail.example:587", "--ssl-reqd")


@capture(begins(25, "smtp", **UPGRADED), flow(53, "dns", proto="udp"), needs=["posttls-finger"])
def smtp_postfix(lab):
    """Postfix's own client"""
    lab.client("posttls-finger", "-c", "-o", "inet_protocols=ipv4", "-l", "encrypt", "[mail.example]:25")


@capture(flow(465, "tls", names=["mail.example"], version="1.3"), needs=["postfix"])
def smtps(lab):
    """curl, mail with TLS at once"""
    send(lab, "smtps://mail.example:465")


PYTHON = """
import smtplib, imaplib, poplib, ftplib, ssl, sys
context = ssl._create_unverified_context()
with smtplib.SMTP("mail.example", 587) as smtp:
    smtp.starttls(context=context); smtp.noop()
imap = imaplib.IMAP4("mail.example"); imap.starttls(ssl_context=context)
imap.login("me", "secret"); imap.select(); imap.logout()
pop = poplib.POP3("mail.example"); pop.stls(context=context)
pop.user("me"); pop.pass_("secret"); pop.stat(); pop.quit()
ftp = ftplib.FTP_TLS("files.example", context=context); ftp.login("anonymous", "me@")
ftp.quit()
"""


@capture(begins(587, "smtp", "mail.example", **UPGRADED), begins(143, "imap", "mail.example", **UPGRADED),
         begins(110, "pop3", "mail.example", **UPGRADED), begins(21, "ftp", "files.example", **UPGRADED), needs=["postfix"])
def python_starttls(lab):
    """Python's smtplib, imaplib, poplib, ftplib"""
    lab.client("/usr/bin/python3", "-c", PYTHON)


@capture(begins(143, "imap", **PLAIN, n=1))
def imap_plain(lab):
    """curl, IMAP in the clear"""
    curl(lab, "imap://mail.example/INBOX", "-u", "me:secret")


@capture(begins(143, "imap", "mail.example", **UPGRADED))
def imap_starttls(lab):
    """curl, IMAP with STARTTLS"""
    curl(lab, "imap://mail.example/INBOX", "-u", "me:secret", "--ssl-reqd")


@capture(flow(993, "tls", names=["mail.example"], version="1.3"))
def imaps(lab):
    """curl, IMAP with TLS at once"""
    curl(lab, "imaps://mail.example/INBOX", "-u", "me:secret")


@capture(begins(110, "pop3", **PLAIN, n=1))
def pop3_plain(lab):
    """curl, POP3 in the clear"""
    curl(lab, "pop3://mail.example/", "-u", "me:secret")


@capture(begins(110, "pop3", "mail.example", **UPGRADED))
def pop3_starttls(lab):
    """curl, POP3 with STLS"""
    curl(lab, "pop3://mail.example/", "-u", "me:secret", "--ssl-reqd")


@capture(flow(995, "tls", names=["mail.example"], version="1.3"))
def pop3s(lab):
    """curl, POP3 with TLS at once"""
    curl(lab, "pop3s://mail.example/", "-u", "me:secret")


@capture(begins(143, "imap", "mail.example", **UPGRADED), begins(110, "pop3", "mail.example", **UPGRADED), needs=["fetchmail"])
def fetchmail(lab):
    """fetchmail, IMAP and POP3, both upgraded"""
    for protocol in ("imap", "pop3"):
        rc = lab.home / "fetchmailrc"
        rc.write_text(f'poll mail.example protocol {protocol} user me password secret sslproto tls1.2+ no sslcertck\n')
        rc.chmod(0o600)
        lab.client("fetchmail", "-f", rc, "--check", "--nosslcertck", "--pidfile", lab.home / "fetchmail.pid", check=False)


@capture(begins(25, "smtp", **UPGRADED), begins(143, "imap", **UPGRADED), begins(110, "pop3", **UPGRADED),
         begins(21, "ftp", **UPGRADED), begins(5432, "postgresql", **UPGRADED), needs=["postfix"])
def openssl_starttls(lab):
    """openssl s_client: all that it can upgrade, without a name"""
    for protocol, name, port in (("smtp", "mail", 25), ("imap", "mail", 143), ("pop3", "mail", 110), ("ftp", "files", 21),
                                 ("postgres", "db", 5432)):
        lab.fed("QUIT\r\n", "openssl", "s_client", "-quiet", "-no_ign_eof", "-noservername", "-starttls", protocol, "-connect",
                f"{name}.example:{port}")


@capture(begins(25, "smtp", "mail.example", **UPGRADED), begins(143, "imap", "mail.example", **UPGRADED), needs=["gnutls-cli", "postfix"])
def gnutls_starttls(lab):
    """gnutls-cli: SMTP and IMAP upgraded"""
    for protocol, port in (("smtp", 25), ("imap", 143)):
        lab.fed("", "gnutls-cli", "--insecure", "--starttls-proto", protocol, "-p", port, "mail.example")


@capture(begins(21, "ftp", **PLAIN, n=1), flow(None, "unknown", ports=range(30000, 30010), names=[]))
def ftp_plain(lab):
    """curl, FTP in the clear; the data's own connection is bare bytes"""
    curl(lab, "ftp://files.example/hello.txt", "-o", "/dev/null")


@capture(begins(21, "ftp", "files.example", **UPGRADED, n=2), flow(None, "tls", ports=range(30000, 30010)))
def ftp_tls(lab):
    """curl and lftp, FTP with AUTH TLS; the data's own connection begins with TLS"""
    curl(lab, "ftp://files.example/hello.txt", "-o", "/dev/null", "--ssl-reqd")
    lab.client("lftp", "-c", "set ssl:verify-certificate no; set ftp:ssl-force yes; set ftp:ssl-allow-anonymous yes; set ftp:ssl-protect-data yes; open files.example; cat hello.txt")


def psql(lab, mode):
    lab.client("psql", f"host=db.example user=postgres dbname=postgres sslmode={mode} gssencmode=disable", "-Atc", "select 1")


@capture(begins(5432, "postgresql", **PLAIN, n=1))
def postgresql_plain(lab):
    """psql in the clear"""
    psql(lab, "disable")


@capture(begins(5432, "postgresql", "db.example", **UPGRADED))
def postgresql_tls(lab):
    """psql with TLS"""
    psql(lab, "require")


@capture(begins(5432, "postgresql", "db.example", **UPGRADED))
def postgresql_preferred(lab):
    """psql as it comes: TLS where the server has it"""
    psql(lab, "prefer")
