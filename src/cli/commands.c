/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/cli.h"

#define FILTERS "[--app APP] [--domain D] [--ip A] [--verdict V]"

const struct pr_command pr_commands[] = {
	{ "status", "[--all]", "what is in force",
	  "Policy, generation, links, packets, questions, what was lost or goes wrong; with --all "
	  "(and --json) every counter.",
	  pr_command_status },
	{ "monitor", FILTERS " [--all] [--count N]", "the live stream of decisions",
	  "One line an event, stage by stage, until interrupted or until N events were shown. A "
	  "question's "
	  "own link to Portreeve's nameserver is left out without --all, --verdict or --json.",
	  pr_command_monitor },
	{ "apps", "[--app APP]", "the applications that communicate",
	  "One line an application: how many communications and links it has.", pr_command_apps },
	{ "communications", FILTERS " [--active]", "the table of communications",
	  "One line a communication: an application and an entity, and what was decided.",
	  pr_command_communications },
	{ "links", FILTERS " [--active]", "the table of links",
	  "One line a link: a physical connection, its process, verdict and reason. --active "
	  "leaves out "
	  "those that have ended.",
	  pr_command_links },
	{ "attacks", "[--ip A]", "scans, floods and the like that were found",
	  "One line an attack that is not over: its kind, source and evidence, and whether its "
	  "source is blocked. `attacks` and `block_attackers_s` in the configuration say what "
	  "becomes of them.",
	  pr_command_attacks },
	{ "tunnels", "", "the upstreams of the tunnel, and how it is with them",
	  "One line an upstream of tunnel_upstream: whether it works, how long the opening of a "
	  "link by it takes, the links that it carries, and why the last one failed; what is "
	  "shown may be a second old. `links --verdict reroute-tunnel` shows these links.",
	  pr_command_tunnels },
	{ "explain",
	  "[--app PATH] [--uid N] [--in] [--speaks P] [--encrypted yes|no|unknown] [--name D] "
	  "ENTITY "
	  "[PROTO/PORT]",
	  "what is decided and where; then every stage and check in order",
	  "ENTITY is a domain or an address. The same table of checks that decides is walked, with "
	  "the names "
	  "and the policy of this moment; \"=>\" marks the check that decides. "
	  "--speaks, --encrypted and --name: as if the link's packets had shown this.",
	  pr_command_explain },
	{ "rule",
	  "test|add|remove|list [--app APP] [--in] ['RULE'] [--for "
	  "TIME|--until-exit|--until-reboot]",
	  "tests and changes rules",
	  "RULE is '+|-|?|>[UPSTREAM] ENTITY [PROTOCOL[/PORT]]': > goes through the tunnel; "
	  "'- * tls' is about TLS, '- tls' about a host of that name. rule test 'RULE' "
	  "[--domain D] [--ip A] [--proto P] [--port N] [--country CC] [--asn N] "
	  "[--list ID] [--speaks P] [--encrypted yes|no|unknown] [--name D] "
	  "says what a rule says of these facts and needs no daemon. rule add puts a run-time rule "
	  "before "
	  "those of its list; it is in force when the command returns. --until-exit: until the "
	  "application exits, "
	  "which is the process that has executed --app PATH for longest; without --app, until the "
	  "shell or program "
	  "ends that ran the command.",
	  pr_command_rule },
	{ "profile", "list|show NAME|edit NAME|export NAME|import FILE|set NAME KEY VALUE",
	  "applications' settings",
	  "edit opens the profile's file of the state directory in $VISUAL or $EDITOR; a text that "
	  "is "
	  "wrong is refused whole, with its line, and kept for you; an empty one removes the file. "
	  "export "
	  "prints the file that speaks first, import puts one in the place of the state "
	  "directory's. "
	  "NAME is a "
	  "profile's name or an executable's path, or global for the settings that hold for all. "
	  "An "
	  "empty "
	  "VALUE takes a setting back.",
	  pr_command_profile },
	{ "answer", "[ID permit|deny] [--scope domain|zone|address|app] [--for TIME]",
	  "open prompts, and answering them",
	  "Without words: lists the open prompts. An answer becomes a rule of the application "
	  "(`rule list` "
	  "shows it, `rule remove` takes it back), for TIME or for good. What no rule says, such "
	  "as "
	  "whatever has no name, holds until portreeve ends. The scope is the domain unless told "
	  "otherwise.",
	  pr_command_answer },
	{ "cut", "LINK...", "ends links now",
	  "Both ends learn of it. What the policy permits may come back.", pr_command_cut },
	{ "pause", "[TIME]", "permits everything for a while",
	  "For five minutes unless told otherwise, a day at most; it resumes by itself, and when "
	  "portreeved is "
	  "restarted. Then what is denied is cut.",
	  pr_command_pause },
	{ "resume", "", "ends a pause now", "What is denied is cut.", pr_command_resume },
	{ "reload", "", "reads the configuration anew",
	  "A configuration that is wrong is refused whole and the old one stays in force.",
	  pr_command_reload },
	{ "dns",
	  "query NAME [TYPE] [--app PATH] | cache [--app APP] [--domain D] [--ip A] | cache "
	  "answers "
	  "[--domain D] | flush",
	  "the nameserver",
	  "query: what the nameserver would say, to whom, and why; only root's goes upstream, "
	  "others are told what is in the cache. cache: the addresses that are known by name: "
	  "which domain led there, which application was told, and until when that counts. "
	  "cache answers: what upstream nameservers answered and is kept, whoever asked. "
	  "flush: forgets the answers of upstream nameservers; what applications were told stays "
	  "known.",
	  pr_command_dns },
	{ "intel",
	  "lookup ENTITY [ADDRESS] | lists [ID [--refused]] | update [ID [--accept]] | providers "
	  "[ENTITY]",
	  "what is known about an entity, and who says it",
	  "lookup: which lists name a domain or an address, by which line, what they except, its "
	  "country and network. lists: what is configured, what is there, how old, and what goes "
	  "wrong; --refused shows the first lines of a list that were not understood. update: asks "
	  "for new lists now and returns when they are in force; --accept takes one that was held "
	  "back because it has a tenth or less of the entries that it had. providers: who is asked "
	  "about an entity while its name is being resolved, how it is with each, and exactly what "
	  "is sent to ask about ENTITY, or about an example.",
	  pr_command_intel },
	{ "inspect", "FILE", "what the inspectors see in a capture",
	  "FILE is a pcap or pcapng file, as tcpdump and Wireshark write it, or - for the "
	  "standard input. One line a flow (TCP and UDP): who opened it, what both ends speak, "
	  "whether that is encrypted, the names that the client asked for, ALPN (offered > "
	  "chosen), JA4. All of it is read from the packets; a port proves nothing. A flow that "
	  "was under way when the capture began is marked: what is seen of it begins somewhere. "
	  "Needs no daemon and no rights.",
	  pr_command_inspect },
	{ "replay", "FILE [--config DIR] [--app PATH] [--host ADDRESS[/LEN],...] [--share DIR]",
	  "what the firewall would have decided about a capture",
	  "Packet by packet, with the configuration of DIR (/etc/portreeve) and as if the "
	  "application PATH were the one on the guarded host that sends and serves; without it "
	  "nobody is known. Then a summary of each link. Answers to DNS questions in the capture "
	  "teach names as they do in operation. --host: the guarded host's addresses, with the "
	  "length of their networks; without it, those whose packets went out, or who opened the "
	  "first flow. Needs no daemon and no rights.",
	  pr_command_replay },
	{ "lab", "[COMMAND...]", "a small Internet of namespaces to try things in",
	  "A guarded host, an Internet with real servers, a neighbour and a container, as network "
	  "namespaces. Runs COMMAND (default: a shell) on the guarded host and takes all down "
	  "afterwards. "
	  "Nothing of this machine's own network is touched.",
	  pr_command_lab },
};

const unsigned int pr_n_commands = PR_ARRAY_SIZE(pr_commands);
