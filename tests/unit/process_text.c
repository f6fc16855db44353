/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is read from a control group's path and from an interpreter's arguments. */
#include "process/cgroup.h"
#include "process/script.h"

#include "unit.h"

#include <string.h>

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void the_hierarchy_that_tells_most_is_chosen(void **state)
{
	static const struct {
		const char *text, *path;
	} cases[] = {
		{ "0::/user.slice/session-1.scope\n", "/user.slice/session-1.scope" },
		{ "12:pids:/docker/x\n1:name=systemd:/docker/y\n0::/\n", "/docker/y" },
		{ "12:pids:/docker/x\n0::/\n", "/docker/x" },
		{ "1:name=systemd:/a.service\n0::/b.service\n", "/b.service" },
		{ "1:name=systemd:/\n0::/\n", "/" },
		{ "0::/with:colons/and blank\n", "/with:colons/and blank" },
		{ "0::/no/end", "/no/end" },
		{ "garbage\n::\n0:\n0::\n", NULL },
		{ "", NULL },
	};
	char path[PR_CGROUP_PATH_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool there = pr_cgroup_choose(cases[i].text, path);

		assert_int_equal(there, cases[i].path != NULL);
		if (there)
			assert_string_equal(path, cases[i].path);
	}
}

static void units_are_the_system_managers(void **state)
{
	static const struct {
		const char *path, *unit;
	} cases[] = {
		{ "/system.slice/ssh.service", "ssh.service" },
		{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service" },
		{ "/user.slice/user-1000.slice/session-2.scope", "session-2.scope" },
		/* A user names the units of the own manager: they don't count. */
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/ssh.service",
		  "user@1000.service" },
		{ "/system.slice/docker.service/ssh.service", "docker.service" },
		{ "/docker/" ID "/system.slice/ssh.service", NULL },
		{ "/init.scope", "init.scope" },
		{ "/.service", NULL },
		{ "/", NULL },
		{ "", NULL },
	};
	char unit[PR_CGROUP_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool there = pr_cgroup_unit(cases[i].path, unit);

		assert_int_equal(there, cases[i].unit != NULL);
		if (there)
			assert_string_equal(unit, cases[i].unit);
	}
}

static void containers_of_many_makers(void **state)
{
	static const struct {
		const char *path, *container;
	} cases[] = {
		{ "/docker/" ID, ID },
		{ "/system.slice/docker-" ID ".scope", ID },
		{ "/system.slice/docker-" ID ".scope/init.scope", ID },
		{ "/machine.slice/libpod-" ID ".scope/container", ID },
		{ "/machine.slice/libpod-conmon-" ID ".scope", NULL },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podX.slice/"
		  "cri-containerd-" ID ".scope",
		  ID },
		{ "/kubepods/besteffort/pod1/" ID, ID },
		{ "/kubepods.slice/crio-" ID ".scope", ID },
		{ "/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID, ID },
		/* One that a user made says so. */
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
		  "1000:" ID },
		{ "/user.slice/user-1000.slice/user@1000.service/docker/" ID, "1000:" ID },
		{ "/lxc.payload.web", "web" },
		{ "/lxc/web/system.slice/ssh.service", "web" },
		{ "/machine.slice/systemd-nspawn@deb.service/payload", "deb" },
		{ "/machine.slice/machine-my\\x2dguest.scope", "my-guest" },
		{ "/system.slice/x" ID ".scope", NULL },
		{ "/system.slice/ssh.service", NULL },
		{ "/", NULL },
	};
	char container[PR_CGROUP_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool there = pr_cgroup_container(cases[i].path, container);

		assert_int_equal(there, cases[i].container != NULL);
		if (there)
			assert_string_equal(container, cases[i].container);
	}
}

static void scripts_of_interpreters(void **state)
{
	/* Arguments stand with blanks for zeros. */
	static const struct {
		const char *exe, *arguments, *script;
	} cases[] = {
		{ "/usr/bin/python3.11", "python3 /srv/app.py --flag", "/srv/app.py" },
		{ "/usr/bin/python3.11", "python3 -u -W ignore app.py", "app.py" },
		{ "/usr/bin/python3.11", "python3 -Wignore app.py", "app.py" },
		{ "/usr/bin/python3.11", "python3 -c print(1) app.py", NULL },
		{ "/usr/bin/python3.11", "python3 -Ic print(1)", NULL },
		{ "/usr/bin/python3.11", "python3 -m http.server", NULL },
		{ "/usr/bin/python3.11", "python3", NULL },
		{ "/usr/bin/python3.11", "python3 -", NULL },
		{ "/usr/bin/python3.11", "python3 -- -odd.py", "-odd.py" },
		{ "/usr/bin/perl5.36.0", "perl -w x.pl", "x.pl" },
		{ "/usr/bin/perl", "perl -ne print x", NULL },
		{ "/usr/bin/bash", "bash --rcfile /etc/x -e run.sh", "run.sh" },
		{ "/usr/bin/bash", "bash -lc run.sh", NULL },
		{ "/usr/bin/bash", "-bash", NULL },
		{ "/usr/bin/node", "node --require ./a.js b.js", "b.js" },
		{ "/usr/bin/node", "node --require=./a.js b.js", "b.js" },
		{ "/usr/bin/ruby3.1", "ruby -I lib x.rb", "x.rb" },
		{ "/usr/lib/jvm/bin/java", "java -cp x -jar app.jar", "app.jar" },
		{ "/usr/lib/jvm/bin/java", "java -cp x Main", NULL },
		{ "/usr/bin/curl", "curl /srv/app.py", NULL },
		{ "/usr/sbin/php-fpm8.2", "php-fpm x.php", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char bytes[128];
		size_t len = strlen(cases[i].arguments) + 1;
		const char *script;

		memcpy(bytes, cases[i].arguments, len);
		for (size_t j = 0; j < len; j++)
			if (bytes[j] == ' ')
				bytes[j] = 0;
		script = pr_script_of(cases[i].exe, bytes, len);
		assert_int_equal(script != NULL, cases[i].script != NULL);
		if (script)
			assert_string_equal(script, cases[i].script);
		/* A cut one is none: its name would be another's. */
		assert_null(pr_script_of(cases[i].exe, bytes, strlen(bytes)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hierarchy_that_tells_most_is_chosen),
		cmocka_unit_test(units_are_the_system_managers),
		cmocka_unit_test(containers_of_many_makers),
		cmocka_unit_test(scripts_of_interpreters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
