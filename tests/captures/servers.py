# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that the clients of the captures talk to, all in the namespace `internet`: each a function that starts
one and returns when it listens. They run at once."""
import concurrent.futures
import glob
import os
import pathlib
import pwd
import shutil

from portreeve_lab import ADS4, ADS6, DNS4, DNS6, ROUTER4, SSH4, SSH6, WEB4, WEB6, run

NAMES = {
    "example.com": (WEB4, WEB6), "www.example.com": (WEB4, WEB6), "four.example": (WEB4,), "six.example": (WEB6,),
    "nginx.example": (ADS4, ADS6), "old.example": (ADS4,), "rsa.example": (ADS4,), "strict.example": (ADS4,),
    "mail.example": (ADS4,), "db.example": (ADS4,), "files.example": (ADS4,), "turn.example": (ADS4,),
    "time.example": (ADS4,), "vpn.example": (ADS4,), "misc.example": (ADS4,), "dns.example": (DNS4, DNS6),
    "ssh.example": (SSH4, SSH6), "router.example": (ROUTER4,),
}
RSA, ECDSA = ("rsa:2048",), ("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")


def certificate(lab, name, kind, *names, signer=None):
    """NAME.crt and NAME.key in the lab's directory; by `signer`, or that of an authority."""
    crt, key, config = (lab.directory / f"{name}.{ending}" for ending in ("crt", "key", "cnf"))
    config.write_text("[req]\ndistinguished_name = dn\n[dn]\n")
    by = ["-CA", signer[0], "-CAkey", signer[1]] if signer else []
    more = ["-addext", "subjectAltName=" + ",".join(f"DNS:{n}" for n in names)] if signer else []
    run("openssl", "req", "-x509", "-config", config, "-newkey", *kind, "-nodes", "-keyout", key, "-out", crt, "-days", "2", "-subj",
        f"/O=Portreeve lab/CN={names[0]}", "-addext", f"basicConstraints=critical,CA:{'FALSE' if signer else 'TRUE'}", *more, *by)
    key.chmod(0o644)
    return crt, key


def certificates(lab):
    lab.authority = certificate(lab, "authority", ECDSA, "Portreeve authority")
    lab.ecdsa = certificate(lab, "ecdsa", ECDSA, *NAMES, signer=lab.authority)
    lab.rsa = certificate(lab, "rsa", RSA, "rsa.example", "old.example", "mail.example", "db.example", "files.example",
                          "misc.example", signer=lab.authority)
    lab.issued = certificate(lab, "issued", ECDSA, "strict.example", signer=lab.authority)
    lab.person = certificate(lab, "person", ECDSA, "somebody", signer=lab.authority)


def listening(lab, *ports, proto="tcp"):
    return lambda: all(lab.internet.listens(port, proto)() for port in ports)


def caddy(lab):
    """HTTP/1.1, 2 and 3 on 443, plain HTTP on 80 and 8080; plain HTTP on 8443 and TLS on 81, where nobody expects
    them."""
    root = lab.directory / "www"
    root.mkdir()
    (root / "index.html").write_text("<!doctype html><title>Portreeve</title><h1>It works.</h1>\n")
    with open(root / "big", "wb") as file:
        file.truncate(1 << 20)
    bind, site = f"bind {WEB4} [{WEB6}]", f"root * {root}\n file_server\n"
    crt, key = lab.ecdsa
    text = ("{\n auto_https off\n admin off\n servers {\n  protocols h1 h2 h2c h3\n }\n}\n"
            f"http://:80, http://:8080, http://:8443 {{\n {bind}\n {site}}}\n"
            f"https://:443, https://:81 {{\n {bind}\n tls {crt} {key}\n {site}}}\n")
    config = lab.directory / "Caddyfile"
    config.write_text(text)
    environment = dict(os.environ, HOME=str(lab.directory), XDG_DATA_HOME=str(lab.directory))
    lab.internet.start("caddy", "run", "--config", config, "--adapter", "caddyfile", env=environment, seconds=30,
                       ready=listening(lab, 80, 443, 8443))


def nginx(lab):
    """443: TLS 1.2 and 1.3, ECDSA; 4433: TLS 1.2 alone, RSA; 4434: TLS 1.0 and 1.1; 4435: client certificates;
    8081: plain; 8082: HTTP/2 without TLS."""
    root, directory = lab.directory / "www", lab.directory / "nginx"
    directory.mkdir()

    def server(listen, pair=None, more=""):
        tls = f"ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};" if pair else ""
        return f" server {{ listen {ADS4}:{listen}; {tls} {more} root {root}; }}\n"

    text = ("daemon off; worker_processes 1; pid " f"{directory}/pid; error_log stderr;\nuser root;\n"
            "events { worker_connections 256; }\nhttp {\n access_log off;\n"
            + "".join(f" {kind}_temp_path {directory}/{kind};\n"
                      for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
            + server("443 ssl http2", lab.ecdsa)
            + server("4433 ssl", lab.rsa, "ssl_protocols TLSv1.2;")
            + server("4434 ssl", lab.rsa, "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;")
            + server("4435 ssl", lab.issued, f"ssl_protocols TLSv1.2 TLSv1.3; ssl_verify_client on; "
                                             f"ssl_client_certificate {lab.authority[0]};")
            + server("8081") + server("8082 http2") + "}\n")
    config = directory / "nginx.conf"
    config.write_text(text)
    lab.internet.start("nginx", "-c", config, "-p", directory, "-e", "stderr", ready=listening(lab, 443, 4433, 4434, 4435, 8082))


def postfix(lab):
    """SMTP on 25, submission (STARTTLS required) on 587, smtps on 465; 2525 offers no STARTTLS."""
    directory = lab.directory / "postfix"
    (directory / "config").mkdir(parents=True)
    (directory / "data").mkdir()
    (directory / "spool").mkdir()
    shutil.chown(directory / "data", "postfix")
    crt, key = lab.rsa
    (directory / "config" / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {directory}/spool
data_directory = {directory}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example
mydestination = mail.example
inet_interfaces = {ADS4}
inet_protocols = ipv4
local_recipient_maps =
local_transport = discard
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_cert_file = {crt}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = may
smtpd_peername_lookup = no
alias_maps =
alias_database =
""")
    smtpd = "inet n - n - - smtpd\n"
    (directory / "config" / "master.cf").write_text(
        f"25 {smtpd}587 {smtpd} -o smtpd_tls_security_level=encrypt\n465 {smtpd} -o smtpd_tls_wrappermode=yes\n"
        f"2525 {smtpd} -o smtpd_tls_security_level=none\n"
        "pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\n"
        "tlsmgr unix - - n 1000? 1 tlsmgr\nrewrite unix - - n - - trivial-rewrite\nbounce unix - - n - 0 bounce\n"
        "defer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n"
        "flush unix n - n 1000? 0 flush\nproxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\n"
        "error unix - - n - - error\nretry unix - - n - - error\ndiscard unix - - n - - discard\n"
        "local unix - n n - - local\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n"
        "postlog unix-dgram n - n - 1 postlogd\n")
    lab.internet.start("postfix", "-c", directory / "config", "start-fg", ready=listening(lab, 25, 465, 587, 2525))


def dovecot(lab):
    """IMAP 143 and 993, POP3 110 and 995; everybody may log in with the password `secret`."""
    directory = lab.directory / "dovecot"
    directory.mkdir()
    crt, key = lab.rsa
    (directory / "mail").mkdir()
    (directory / "mail").chmod(0o777)
    config = directory / "dovecot.conf"
    config.write_text(f"""protocols = imap pop3
listen = {ADS4}
base_dir = {directory}/run
state_dir = {directory}/state
log_path = /dev/stderr
ssl = yes
ssl_cert = <{crt}
ssl_key = <{key}
disable_plaintext_auth = no
mail_location = maildir:{directory}/mail/%u
mail_uid = {pwd.getpwnam("nobody").pw_uid}
mail_gid = nogroup
first_valid_uid = 1
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={directory}/mail/%u
}}
""")
    lab.internet.start("dovecot", "-F", "-c", config, ready=listening(lab, 110, 143, 993, 995))


def postgresql(lab, ssl="on"):
    directory = lab.directory / "postgresql"
    directory.mkdir()
    shutil.chown(directory, "postgres", "postgres")
    programs = pathlib.Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
    run("runuser", "-u", "postgres", "--", programs / "initdb", "-A", "trust", "--no-sync", "-D", directory / "data",
        cwd="/", timeout=600)
    for source, name in zip(lab.rsa, ("server.crt", "server.key")):
        shutil.copy(source, directory / "data" / name)
        shutil.chown(directory / "data" / name, "postgres", "postgres")
        (directory / "data" / name).chmod(0o600)
    with open(directory / "data" / "pg_hba.conf", "a") as file:
        file.write("host all all all trust\n")
    lab.internet.start("runuser", "-u", "postgres", "--", programs / "postgres", "-D", directory / "data", "-c",
                       f"listen_addresses={ADS4}", "-c", f"ssl={ssl}", "-c", f"unix_socket_directories={directory}",
                       "-c", "fsync=off", cwd="/", ready=listening(lab, 5432))


def vsftpd(lab, ssl="YES"):
    """21: anonymous, TLS where the client wants it (`ssl`: and the server has it)."""
    root = lab.directory / "ftp"
    root.mkdir()
    (root / "hello.txt").write_text("It works.\n" * 20)
    empty = lab.directory / "ftp-empty"
    empty.mkdir()
    crt, key = lab.rsa
    config = lab.directory / "vsftpd.conf"
    config.write_text(f"""listen=YES
listen_address={ADS4}
background=NO
anonymous_enable=YES
anon_root={root}
secure_chroot_dir={empty}
ssl_enable={ssl}
allow_anon_ssl=YES
force_local_logins_ssl=NO
force_local_data_ssl=NO
require_ssl_reuse=NO
ssl_ciphers=HIGH
rsa_cert_file={crt}
rsa_private_key_file={key}
pasv_address={ADS4}
pasv_min_port=30000
pasv_max_port=30009
seccomp_sandbox=NO
""")
    lab.internet.start("vsftpd", config, ready=listening(lab, 21))


def coturn(lab):
    crt, key = lab.rsa
    lab.internet.start("turnserver", "-n", "--listening-ip", ADS4, "--relay-ip", ADS4, "--listening-port", 3478,
                       "--tls-listening-port", 5349, "--cert", crt, "--pkey", key, "--realm", "turn.example",
                       "--user", "me:secret", "--lt-cred-mech", "--no-cli", "--log-file", "stdout",
                       "--allow-loopback-peers", "--pidfile", lab.directory / "turn.pid", "--db",
                       lab.directory / "turn.db", ready=listening(lab, 3478, 5349))


def chrony(lab):
    """NTP, and NTS with its key exchange on 4460."""
    crt, key = lab.ecdsa
    directory = lab.directory / "chrony"
    directory.mkdir()
    config = directory / "chrony.conf"
    config.write_text(f"local stratum 3\nallow all\nbindaddress {ADS4}\ncmdport 0\nbindcmdaddress /\n"
                      f"ntsservercert {crt}\nntsserverkey {key}\nntsdumpdir {directory}\npidfile {directory}/pid\n")
    lab.internet.start("chronyd", "-d", "-x", "-u", "root", "-f", config,
                       ready=lambda: listening(lab, 4460)() and listening(lab, 123, proto="udp")())


def unbound(lab):
    """DNS on 53 and, where nobody expects it, 5300; DoT on 853, DoH on 443."""
    crt, key = lab.ecdsa
    ports = "".join(f" interface: {address}@{port}\n" for address in (DNS4, DNS6) for port in (5300, 853, 443))
    mail = [f"mail.example. 60 IN A {ADS4}", "mail.example. 60 IN MX 1 mail.example."]
    lab.start_dns(extra_data=mail, options=f'{ports} tls-service-key: "{key}"\n tls-service-pem: "{crt}"\n tls-port: 853\n https-port: 443\n')


def openssh(lab):
    lab.start_ssh()
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", lab.directory / "id")


def dtls(lab):
    """OpenSSL's on 4443 (1.2) and 4444 (1.0), GnuTLS's on 4445."""
    crt, key = lab.rsa
    for port, *version in ((4443, "-dtls1_2"), (4444, "-dtls1", "-cipher", "ALL:@SECLEVEL=0")):
        # It would end with its standard input.
        lab.internet.start("sh", "-c", 'tail -f /dev/null | exec "$@"', "sh", "openssl", "s_server", *version, "-accept",
                           f"{ADS4}:{port}", "-cert", crt, "-key", key, "-listen", ready=listening(lab, port, proto="udp"))
    lab.internet.start("gnutls-serv", "-u", "-p", 4445, "--echo", "--x509certfile", crt, "--x509keyfile", key,
                       ready=listening(lab, 4445, proto="udp"))


WEBSOCKET = """
import asyncio, ssl, sys, websockets
async def echo(socket, path):
    async for message in socket:
        await socket.send(message)
async def main(address, crt, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)
    async with websockets.serve(echo, address, 9001), websockets.serve(echo, address, 9002, ssl=context):
        await asyncio.Future()
asyncio.run(main(*sys.argv[1:]))
"""


def websocket(lab):
    lab.internet.start("/usr/bin/python3", "-c", WEBSOCKET, ADS4, *lab.ecdsa, ready=listening(lab, 9001, 9002))


def foreign(lab):
    """What no inspector knows."""
    crt, key = lab.rsa
    directory = lab.directory
    internet = lab.internet
    internet.start("redis-server", "--bind", ADS4, "--save", "", "--protected-mode", "no", "--dir", directory,
                   ready=listening(lab, 6379))
    internet.start("memcached", "-u", "nobody", "-l", ADS4, ready=listening(lab, 11211))
    mosquitto = directory / "mosquitto.conf"
    mosquitto.write_text(f"listener 1883 {ADS4}\nallow_anonymous true\nlistener 8883 {ADS4}\ncertfile {crt}\nkeyfile {key}\n"
                         "allow_anonymous true\nuser root\n")
    internet.start("mosquitto", "-c", mosquitto, ready=listening(lab, 1883, 8883))
    internet.start("iperf3", "-s", "-B", ADS4, ready=listening(lab, 5201))
    rsyncd = directory / "rsyncd.conf"
    rsyncd.write_text(f"use chroot = no\n[files]\n path = {directory / 'www'}\n read only = yes\n")
    internet.start("rsync", "--daemon", "--no-detach", "--address", ADS4, "--config", rsyncd, ready=listening(lab, 873))
    for proto in ("TCP4", "UDP4"):
        internet.start("socat", f"{proto}-LISTEN:7777,bind={ADS4},fork,reuseaddr", "PIPE", ready=listening(lab, 7777, proto=proto[:3].lower()))
    internet.start("socat", "-u", f"UDP4-RECV:514,bind={ADS4}", "OPEN:/dev/null", ready=listening(lab, 514, proto="udp"))


ALL = [caddy, nginx, postfix, dovecot, postgresql, vsftpd, coturn, chrony, unbound, openssh, dtls, websocket, foreign]


# Of packages that stand aside where another has their place (packaging/dependencies), or may not be fetched: their captures are
# left out then.
OPTIONAL = {postfix: "postfix", chrony: "chronyd"}


def start_all(lab):
    certificates(lab)
    there = [start for start in ALL if start not in OPTIONAL or shutil.which(OPTIONAL[start])]
    with concurrent.futures.ThreadPoolExecutor(len(there)) as pool:
        for started in [pool.submit(start, lab) for start in there]:
            started.result()
