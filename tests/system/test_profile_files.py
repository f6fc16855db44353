# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles' files, whole: `profile edit`, `export`, `import`; and settings that hold for all."""
import pathlib

from faults import connect_ms
from portreeve_lab import WEB4

CURL = """name = "Curl";
match = ( { path = "/usr/bin/curl"; } );
# why: a comment that must stay
outgoing = [ "+ example.com" ];
"""


def editor(lab, script):
    path = lab.directory / "editor"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)
    return {"EDITOR": str(path), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


def edit(lab, guarded, name, script, check=True):
    return guarded.portreeve("profile", "edit", name, check=check, env=editor(lab, script))


def state_files(guarded):
    return sorted((guarded.state / "profiles").glob("*.conf"))


def test_an_edited_file_is_what_was_written(lab, guard):
    guarded = guard()
    file = lab.directory / "curl.conf"
    file.write_text(CURL)
    guarded.portreeve("profile", "import", file)
    assert [path.read_text() for path in state_files(guarded)] == [CURL]
    assert guarded.portreeve("profile", "export", "Curl").stdout == CURL
    edit(lab, guarded, "Curl", """sed -i 's/"+ example.com"/"+ example.com", "- example.org"/' "$1"\n""")
    after = CURL.replace('"+ example.com"', '"+ example.com", "- example.org"')
    assert [path.read_text() for path in state_files(guarded)] == [after]
    assert "- example.org" in guarded.portreeve("profile", "show", "Curl").stdout
    # By its path it is the same profile.
    edit(lab, guarded, "/usr/bin/curl", """sed -i 's/example.org/example.net/' "$1"\n""")
    assert [path.read_text() for path in state_files(guarded)] == [after.replace("example.org", "example.net")]


def test_wrong_text_is_refused_with_its_place_and_kept(lab, guard):
    guarded = guard()
    file = lab.directory / "curl.conf"
    file.write_text(CURL)
    guarded.portreeve("profile", "import", file)
    refused = edit(lab, guarded, "Curl", """sed -i 's/example.com/exa mple.com/' "$1"\n""", check=False)
    assert refused.returncode == 1
    assert ":4: column" in refused.stdout, refused.stdout
    kept = pathlib.Path(refused.stdout.split("kept in ")[1].strip())
    assert "exa mple.com" in kept.read_text()
    kept.unlink()
    assert [path.read_text() for path in state_files(guarded)] == [CURL]
    # Under another name it would be another profile.
    refused = edit(lab, guarded, "Curl", """sed -i 's/"Curl"/"Wget"/' "$1"\n""", check=False)
    assert refused.returncode == 1 and "Wget" in refused.stdout
    pathlib.Path(refused.stdout.split("kept in ")[1].strip()).unlink()
    # Nothing done is nothing changed; all taken out is the file removed.
    assert "nothing was changed" in edit(lab, guarded, "Curl", "true\n").stdout
    edit(lab, guarded, "Curl", """: > "$1"\n""")
    assert state_files(guarded) == []


def test_the_administrators_file_stays_and_is_exported(lab, guard):
    guarded = guard(profiles={"curl.conf": CURL})
    assert guarded.portreeve("profile", "export", "Curl").stdout == CURL
    edit(lab, guarded, "Curl", """echo 'outgoing = [ "- 192.0.2.1" ];' >> "$1"\n""")
    assert (guarded.config / "profiles" / "curl.conf").read_text() == CURL
    shown = guarded.portreeve("profile", "show", "Curl").stdout
    assert shown.index("- 192.0.2.1") < shown.index("+ example.com")


def test_settings_for_all(lab, guard):
    lab.start_web()
    guarded = guard()
    assert connect_ms(lab.host, WEB4, 80) is not None
    guarded.portreeve("profile", "set", "global", "default_action", "block")
    assert connect_ms(lab.host, WEB4, 80) is None
    assert 'default_action = "block"' in (guarded.state / "portreeve.conf").read_text()
    assert "block" in guarded.portreeve("profile", "export", "global").stdout
    edit(lab, guarded, "global", """sed -i 's/"block"/"permit"/' "$1"\n""")
    assert connect_ms(lab.host, WEB4, 80) is not None
    guarded.portreeve("profile", "set", "global", "default_action", "block")
    guarded.portreeve("profile", "set", "global", "default_action", "")
    assert connect_ms(lab.host, WEB4, 80) is not None
