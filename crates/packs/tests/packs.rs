//! Packs, right and wrong: what a tired person is told.

mod actions;

use std::{collections::BTreeSet, fs, os::unix::fs::PermissionsExt, path::Path};

use wilco_contract::{
    command::Effect,
    event::Level,
    listen::On,
    policy::Grantee,
    route::{DEFAULT_GROUP, Group},
    values::ArgType,
};
use wilco_packs::{Known, Pack, Problem, read};

fn read_pack(text: &str) -> (Pack, Vec<Problem>) {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("webapp");
    fs::create_dir(&folder).expect("a folder");
    write(&folder.join("pack.toml"), text, 0o644);
    write(&folder.join("stage"), "#!/bin/sh\n", 0o755);
    write(&folder.join("release"), "#!/bin/sh\n", 0o644);
    read_knowing(&folder, &["webapp", "staging"])
}

/// Reads a pack where these servers, and one secret, variable, list and program, are there.
fn read_knowing(folder: &Path, servers: &[&str]) -> (Pack, Vec<Problem>) {
    let actions = actions::all();
    let servers = servers.iter().map(|name| (*name).to_owned()).collect();
    let (secrets, vars) = (secrets(), vars());
    let lists = [("apps".to_owned(), vec!["shop".to_owned()])].into();
    let known = Known {
        actions: &actions,
        servers: &servers,
        secrets: &secrets,
        vars: &vars,
        programs: &is_program,
        lists: &lists,
    };
    read(folder, "packs/webapp", &known)
}

fn secrets() -> BTreeSet<String> {
    BTreeSet::from(["TOKEN".to_owned()])
}

/// What `wilco.toml` says.
fn vars() -> serde_json::Map<String, serde_json::Value> {
    [("stage".to_owned(), "staging".into())].into_iter().collect()
}

/// A machine that has nothing but Python.
fn is_program(name: &str) -> bool {
    name == "python3"
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

fn told(text: &str) -> String {
    let (_, problems) = read_pack(text);
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

/// Each text, followed by what is told of it.
fn each(texts: &[&str], told: impl Fn(&str) -> String) -> String {
    texts.iter().map(|text| format!("## {text}\n{}\n", told(text))).collect()
}

/// A pack with this `[[command]]`, the first line of which is line 4.
fn told_of_command(command: &str) -> String {
    told(&format!("[pack]\nname = \"webapp\"\n[[command]]\n{command}"))
}

/// A whole command whose step has these keys, the first of which is line 10.
fn told_of_step(step: &str) -> String {
    let head = r#"id = "ship"
words = ["ship <app> [<ref>]"]
about = "Ship"
effect = "write"
args.app = { choices = ["webapp", "billing"] }
"#;
    told_of_command(&format!("{head}[[command.step]]\n{step}"))
}

const GOOD: &str = r#"
[pack]
name = "webapp"
about = "Ship the web application"

[[command]]
id = "stage"
words = ["stage <app>[/<ref>] [for <span>]", "put <app> on stage"]
about = "Put a revision on staging."
effect = "write"
lock = "{{ app }}/staging"
timeout = "20m"
home = "web:deploys"
letter = "d"
require = { approve = 1, by = "role:lead", within = "2h", when = "args.app == 'webapp' and now.hour > 18" }
rate = "3/10m"
max_targets = 5
examples = ["stage webapp/v2"]
args.span = { type = "duration", about = "For how long", default = "2h" }
args.app = { choices = ["webapp", "staging"], about = "What" }

[[command.step]]
id = "build"
uses = "exec.run"
with = { argv = ["./stage", "{{ app }}", "{{ ref or 'main' }}"], stdin = { keep = "{{ span }}" } }
undo = { uses = "exec.run", with = { argv = ["./stage", "--undo", "{{ steps.build.number }}"] } }
retry = { times = 2, pause = "5s" }

[[command.step]]
uses = "say"
when = "steps.build.state == 'done' and ref != 'none'"
with = { text = "built {{ steps.build.number }} for {{ op.asker }}" }

[[command.verify]]
uses = "http.get"
with = { server = "{{ app }}", path = ["version"], expect = { status = 200, contains = "{{ steps.build.sha }}" } }

[[command.on_failure]]
uses = "say"
for_each = ["web:ops", "{{ app }}"]
with = { to = "{{ item }}", text = "{{ failure }}" }
"#;

#[test]
fn a_good_pack_becomes_commands() {
    let (pack, problems) = read_pack(GOOD);
    assert_eq!(problems, []);
    let [command] = &pack.commands[..] else { panic!("one command") };
    let spec = &command.spec;
    assert_eq!((spec.id.as_str(), spec.about.as_str()), ("webapp.stage", "Put a revision on staging"));
    assert_eq!((spec.effect, spec.letter, spec.timeout_secs), (Effect::Write, 'd', 1_200));
    assert_eq!(command.origin.to_string(), "packs/webapp/pack.toml:6");
    let require = &spec.require[0];
    assert_eq!((require.approve, require.within_secs), (1, 7_200));
    assert_eq!(require.by, Grantee::parse("role:lead").ok());
    assert_eq!(require.origin.to_string(), "packs/webapp/pack.toml:15");
    let most = &spec.require[1];
    assert_eq!((most.max_targets, most.origin.to_string().as_str()), (Some(5), "packs/webapp/pack.toml:17"));
    let rate = spec.rate.as_ref().expect("a rate");
    assert_eq!((rate.most, rate.secs, rate.origin.line), (3, 600, 16));
    let args: Vec<_> = spec.args.iter().map(|arg| (arg.name.as_str(), arg.required)).collect();
    assert_eq!(args, [("span", false), ("app", true), ("ref", false)]);
    assert_eq!(spec.args[0].default, Some(7_200.into()));
    assert_eq!(spec.args[1].kind, ArgType::Choice(vec!["webapp".into(), "staging".into()]));
    let steps: Vec<_> = command.steps.iter().chain(&command.verify).map(|step| step.id.as_str()).collect();
    assert_eq!(steps, ["build", "say", "probe"]);
    let with = &command.steps[0].with;
    assert!(
        with["dir"].as_str().is_some_and(|dir| dir.ends_with("/webapp") && dir.starts_with('/')),
        "{with}"
    );
    assert_eq!(with["argv"][1], "{{ app }}");
}

#[test]
fn a_file_that_is_no_pack() {
    insta::assert_snapshot!(each(
        &[
            "[pack\nname = 'webapp'\n",
            "",
            "[pack]\nname = 'web'\nabuot = 'x'\n[[route]]\nwhen = 'x'\n[comand]\nid = 'x'",
            "pack = 3\ncommand = { id = 'x' }",
        ],
        told
    ));
}

#[test]
fn listeners_and_schedules_become_data() {
    let (pack, problems) = read_pack(
        "[pack]\nname = 'webapp'\n\
         [[listener]]\nhear = 'a (\\d+)'\nsay = 'b {{ m[1] }}'\n\
         [[listener]]\nhear = 'c (?<d>.*)'\nrun = 'ship {{ m.d }}'\nrooms = ['web:*']\n\
         [[schedule]]\ncron = '0 9 * * 1-5'\nzone = 'Europe/Berlin'\nmissed = 'once'\nrun = 'status x'\n\
         [[schedule]]\nname = 'often'\nevery = '90m'\nrun = 'status y'\nplace = 'web:ops'\n",
    );
    assert_eq!(problems, []);
    let listeners: Vec<_> = pack.listeners.iter().map(|listener| listener.name.as_str()).collect();
    assert_eq!(listeners, ["webapp.line-3", "webapp.ship"]);
    let schedules: Vec<_> =
        pack.schedules.iter().map(|one| format!("{} {} {:?}", one.name, one.when, one.missed)).collect();
    assert_eq!(schedules, ["webapp.status 0 9 * * 1-5 Once", "webapp.often every 90m Skip"]);
}

#[test]
fn listeners_heed_what_happens_beside_lines() {
    let (pack, problems) = read_pack(
        "[pack]\nname = 'webapp'\n\
         [[listener]]\nhear = 'a'\nsay = '{{ who.name }} said {{ m[0] }}'\n\
         [[listener]]\non = 'join'\nsay = 'hello {{ who.name }} {{ who.id }} {{ who.account }}'\n\
         [[listener]]\non = 'leave'\nsay = 'bye'\nrooms = ['web:ops']\n\
         [[listener]]\non = 'topic'\nrun = 'note {{ topic }}'\n\
         [[listener]]\non = 'reaction'\nsay = '{{ reaction }}{% if message.ours %}!{% endif %}'\n\
         [[listener]]\non = 'reaction'\nreaction = '🚀'\nsay = '{{ message.text }} {{ message.account }}'\n\
         [[listener]]\non = 'reaction'\nreaction = ['👍', '👀']\nrun = 'ship x'\n",
    );
    assert_eq!(problems, []);
    let on: Vec<_> = pack.listeners.iter().skip(1).map(|listener| listener.on.clone()).collect();
    let signs = |signs: &[&str]| On::Reaction(signs.iter().map(|sign| (*sign).to_owned()).collect());
    assert_eq!(on, [On::Join, On::Leave, On::Topic, signs(&[]), signs(&["🚀"]), signs(&["👍", "👀"])]);
}

#[test]
fn listeners_and_schedules_that_cannot_be() {
    let of = |table: &str| told(&format!("[pack]\nname = 'webapp'\n{table}"));
    insta::assert_snapshot!(each(
        &[
            "[[listener]]\n",
            "[[listener]]\nhear = 'a('\nsay = 'x'",
            "[[listener]]\nhear = 'a(b)'\nsay = '{{ m[2] }}'",
            "[[listener]]\nhear = 'a'\nsay = '{{ who }}'",
            "[[listener]]\nhear = 'a'\nsay = 'x'\nrun = 'y'",
            "[[listener]]\nhear = 'a'\nrun = '{{ m[0] }} x'",
            "[[listener]]\nid = 'A'\nhear = 'a'\nsay = 'x'\nrooms = ['ops']",
            "[[listener]]\nhear = 'a'\nrun = 'ship a'\n[[listener]]\nhear = 'b'\nrun = 'ship b'",
            "[[listener]]\non = 'joins'\nsay = 'x'",
            "[[listener]]\non = 'join'\nhear = 'a'\nsay = 'x'",
            "[[listener]]\non = 'leave'\nsay = '{{ topic }}'",
            "[[listener]]\non = 'reaction'\nsay = '{{ message.id }} {{ m[0] }}'",
            "[[listener]]\non = 'join'\nreaction = '👍'\nsay = 'x'",
            "[[listener]]\non = 'reaction'\nreaction = []\nsay = 'x'",
            "[[listener]]\non = 'reaction'\nreaction = ['👍', ' ']\nrun = 'ship x'",
            "[[schedule]]\n",
            "[[schedule]]\ncron = '0 9 * *'\nrun = 'x'",
            "[[schedule]]\ncron = '0 0 31 2 *'\nrun = 'x'",
            "[[schedule]]\ncron = '0 9 * * *'\nevery = '1h'\nrun = '{{ x }}'",
            "[[schedule]]\nevery = '5s'\nrun = 'x'\nzone = 'Mars/Base'\nmissed = 'twice'\nplace = 'ops'",
        ],
        of
    ));
}

#[test]
fn a_folder_that_is_not_there() {
    let (pack, problems) = read_knowing(Path::new("/nowhere/webapp"), &[]);
    assert!(pack.commands.is_empty());
    insta::assert_snapshot!(problems[0]);
    let root = tempfile::tempdir().expect("a folder");
    let (_, problems) = read_knowing(root.path(), &[]);
    insta::assert_snapshot!(problems[0]);
    write(&root.path().join("pack.toml"), &"# long\n".repeat(200_000), 0o644);
    let (_, problems) = read_knowing(root.path(), &[]);
    insta::assert_snapshot!(problems[0]);
}

#[test]
fn a_command_with_typos() {
    insta::assert_snapshot!(told_of_command(
        r#"
wrods = ["ship <app>"]
id = "Ship.It"
about = ""
effect = "wirte"
timeout = 20
letter = "dd"
home = "deploys"
step = "exec.run"
"#
    ));
}

#[test]
fn a_command_that_lacks_everything() {
    insta::assert_snapshot!(told_of_command(""));
}

#[test]
fn two_commands_of_one_id() {
    let command = r#"
[[command]]
id = "ship"
words = ["ship"]
about = "Ship"
effect = "read"
lock = "x"
[[command.step]]
uses = "say"
with = { text = "x" }
"#;
    insta::assert_snapshot!(told(&format!("[pack]\nname = 'webapp'\n{command}{command}")));
}

#[test]
fn patterns_that_cannot_be_read() {
    insta::assert_snapshot!(told_of_command(
        r#"
id = "ship"
words = ["ship <app", "", "<rest...> then", 3, "ship [it] to <json>"]
about = "Ship"
effect = "read"
[[command.step]]
uses = "say"
with = { text = "x" }
"#
    ));
}

#[test]
fn arguments_that_cannot_be() {
    insta::assert_snapshot!(told_of_command(
        r#"
id = "ship"
words = ["ship <app> [<ref>]"]
about = "Ship"
effect = "read"
args.app = { type = "chioce" }
args.force = { type = "bool" }
args.dry-run = {}
args.at = { type = "secret" }
args.until = { type = "time", default = "friday 18:00" }
args.when = { type = "time", default = "2026-11-27T18:00+01:00" }
args.who = { type = "person", default = "me" }
args.shop = { choices = { list = "aps" } }
args.none = { choices = {} }
args.both = { choices = { list = "apps", run = "apps" } }
args.slip = { choices = { lst = "apps" } }
args.one = { type = "choice" }
args.two = { type = "word", choices = ["a"] }
args.three = { choices = ["a", "A"], default = "b" }
args.four = { type = "duration", default = "soon" }
args.five = { type = "integer", default = 1, required = true }
args.six = "word"
args.seven = { type = "integer", defualt = 1 }
[[command.step]]
uses = "say"
with = { text = "x" }
"#
    ));
}

#[test]
fn choices_come_from_lists_and_from_commands() {
    let text = r#"
[pack]
name = "webapp"
[lists]
apps = ["web", "api"]
zones = ["eu", "us"]
[[command]]
id = "ship"
words = ["ship <app> to <zone> [on <host>] [for <who>]"]
about = "Ship"
effect = "read"
args.app = { choices = { list = "apps" } }
args.zone = { type = "choice", choices = { list = "zones" }, default = "EU" }
args.host = { choices = { run = "hosts", column = "name" } }
args.who = { choices = { run = "people" } }
[[command.step]]
uses = "say"
with = { text = "{{ app }}" }
"#;
    let (pack, problems) = read_pack(text);
    assert_eq!(problems, []);
    let args = &pack.commands[0].spec.args;
    // What `wilco.toml` calls so goes before what the pack does.
    assert_eq!(args[0].kind, ArgType::Choice(vec!["shop".into()]));
    assert_eq!(args[1].kind, ArgType::Choice(vec!["eu".into(), "us".into()]));
    assert_eq!(args[1].default, Some("eu".into()));
    assert_eq!(args[2].kind, ArgType::ChoiceOf { run: "hosts".into(), column: Some("name".into()) });
    assert_eq!(args[3].kind, ArgType::ChoiceOf { run: "people".into(), column: None });
}

#[test]
fn steps_that_cannot_work() {
    insta::assert_snapshot!(each(
        &[
            "uses = 'exec.rnu'\nwith = { argv = ['./stage'] }",
            "uses = 'exec.run'",
            "uses = 'exec.run'\nwith = { agrv = ['./stage'] }",
            "uses = 'exec.run'\nwith = { argv = './stage' }",
            "uses = 'exec.run'\nwith = { argv = ['./satge'] }",
            "uses = 'exec.run'\nwith = { argv = ['./release'] }",
            "uses = 'exec.run'\nwith = { argv = ['./../stage'] }",
            "uses = 'exec.run'\nwith = { argv = ['stage'] }",
            "uses = 'exec.run'\nwith = { argv = 'python3 backup.py' }",
            "uses = 'exec.run'\nwith = { argv = 'echo \"a b\"' }",
            "uses = 'exec.run'\nwith = { argv = '{{ app }}' }",
            "uses = 'exec.run'\nwith = { argv = [] }",
            "uses = 'exec.run'\nwith = { argv = ['pyhton3', 'stage'] }",
            "uses = 'exec.run'\nwith = { argv = ['python3', 'backup.py', 'backup.py', './lib/x.sh', '--to=x.js', '{{ app }}.py'] }",
            "uses = 'http.get'\nwith = { server = 'webapp', expect = { status = '200' } }",
            "uses = 'http.get'\nwith = { server = 'webapp', path = 'x' }",
            "uses = 'exec.run'\nwith = { argv = ['./stage', '{{ ref }}'], dir = '{{ ref }}' }",
            "uses = 'http.get'\neffect = 'write'\nwith = { server = 'wbeapp' }",
            "uses = 'http.get'\nwith = { server = '{{ app }}', expect = { staus = 200 } }",
            "id = 'Build-It'\nuses = 'exec.run'\nwith = 'x'",
            "uses = 'say'\nwith = { text = 'x' }\nundo = { use = 'say' }",
        ],
        told_of_step
    ));
}

#[test]
fn templates_that_cannot_be_filled_in() {
    let say = |text: &str| told_of_step(&format!("uses = 'say'\nwith = {{ text = \"{text}\" }}"));
    insta::assert_snapshot!(each(
        &[
            "ship {{ ap }}",
            "ship {{ args.ap }}",
            "ship {{ app",
            "ship {{ steps.build.sha }}",
            "ship {{ steps.say.sha }}",
            "ship {{ op.who }}",
            "{{ ref }}",
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            "{{ app | upcase }}",
            "at {{ ref }}",
            "at {{ ref | default('main') }}",
            "at {{ ref or 'main' }} {% if ref %}{{ ref }}{% endif %}",
        ],
        say
    ));
}

#[test]
fn conditions_of_steps_that_cannot_be() {
    let when =
        |text: &str| told_of_step(&format!("uses = 'say'\nwith = {{ text = 'x' }}\nwhen = \"{text}\""));
    insta::assert_snapshot!(each(
        &[
            "app ==",
            "ap == 'webapp'",
            "steps.say.state == 'done'",
            "ref.length > 3",
            "ref == 'v2' or args.app"
        ],
        when
    ));
}

#[test]
fn variables_of_wilco_toml_win_and_only_what_is_used_counts() {
    let text =
        GOOD.replace("[[command]]", "[vars]\nstage = 'here'\nunused = 1\nlist = ['a', 'b']\n[[command]]");
    let text = text
        .replace("{{ app }}/staging", "{{ app }}/{{ vars.stage }}")
        .replace("ref != 'none'", "ref not in vars.list");
    let (pack, problems) = read_pack(&text);
    assert_eq!(problems, []);
    let vars = serde_json::Value::Object(pack.commands[0].vars.clone());
    assert_eq!(vars, serde_json::json!({"stage": "staging", "list": ["a", "b"]}));
}

#[test]
fn variables_and_secrets_that_cannot_be() {
    let run =
        |rest: &str| told_of_step(&format!("uses = 'exec.run'\nwith = {{ argv = ['./stage'], {rest} }}"));
    insta::assert_snapshot!(each(
        &[
            "env = { A = { secret = 'TOKEN' } }",
            "env = { A = { secret = 'TOKNE' } }",
            "env = { A = { secret = '{{ ref }}' } }",
            "env = { A = { secret = '{{ app }}' } }",
            "stdin = { a = { secret = 'TOKEN' } }",
            "env = { A = '{{ vars.stge }}' }",
        ],
        run
    ));
    insta::assert_snapshot!(told("[pack]\nname = 'webapp'\n[vars]\nA = 1\n"));
}

#[test]
fn items_tries_and_failures_that_cannot_be() {
    let step = |text: &str| {
        told_of_step(&format!("uses = 'exec.run'\nwith = {{ argv = ['./stage', '{{{{ item }}}}'] }}\n{text}"))
    };
    insta::assert_snapshot!(each(
        &[
            "for_each = ['a', 'b']\nat_once = 2",
            "",
            "for_each = 'a'",
            "for_each = '{{ app }}'",
            "for_each = ['a']\nat_once = 0",
            "for_each = ['{{ items }}']",
            "for_each = ['a']\nretry = { times = 0 }",
            "for_each = ['a']\nretry = { pause = '1s' }",
            "for_each = ['a']\nundo = { uses = 'say', with = { text = '{{ item }}' }, effect = 'write' }",
        ],
        step
    ));
    let command = |text: &str| {
        let head = "id = 'ship'\nwords = ['ship']\nabout = 'Ship'\neffect = 'read'\n";
        told_of_command(&format!("{head}{text}"))
    };
    let step = "[[command.step]]\nuses = 'http.get'\nwith = { server = 'webapp' }\n";
    insta::assert_snapshot!(each(
        &[
            &format!("on_failure = 'redo'\n{step}"),
            &format!(
                "{step}retry = {{ times = 1 }}\nundo = {{ uses = 'exec.run', with = {{ argv = ['./stage'] }} }}"
            ),
            &format!("{step}retry = {{ times = 1 }}\nfor_each = ['a']"),
            &format!("{step}[[command.on_failure]]\nuses = 'exec.run'\nwith = {{ argv = ['./stage'] }}"),
        ],
        command
    ));
}

#[test]
fn an_effect_is_never_weaker_than_its_steps() {
    insta::assert_snapshot!(told_of_command(
        r#"
id = "ship"
words = ["ship"]
about = "Ship"
effect = "read"
[[command.step]]
uses = "exec.run"
with = { argv = ["./stage"] }
"#
    ));
    insta::assert_snapshot!(told_of_command(
        r#"
id = "ship"
words = ["ship"]
about = "Ship"
effect = "write"
[[command.step]]
uses = "say"
with = { text = "x" }
[[command.verify]]
uses = "exec.run"
effect = "destructive"
with = { argv = ["./stage"] }
"#
    ));
    // A step may say that its program only looks.
    assert_eq!(
        told_of_command(
            r#"
id = "ship"
words = ["ship"]
about = "Ship"
effect = "read"
[[command.step]]
uses = "exec.run"
effect = "read"
with = { argv = ["./stage"] }
"#
        ),
        ""
    );
}

#[test]
fn requirements_that_make_no_sense() {
    let require = |require: &str| {
        told_of_command(&format!(
            "id = 'ship'\nwords = ['ship <app>']\nabout = 'Ship'\neffect = 'write'\n{require}\n\
             [[command.step]]\nuses = 'say'\nwith = {{ text = 'x' }}"
        ))
    };
    insta::assert_snapshot!(each(
        &[
            "require = { aprove = 1 }",
            "require = { confirm = true, when = \"args.ap == 'x'\" }",
            "require = { confirm = true, when = 'who.role' }",
            "require = { confirm = true, when = 'args.app ==' }",
            "require = { approve = 1, by = 'lead', within = 'soon' }",
            "require = { max_targets = 0 }",
            "max_targets = 'many'",
            "rate = 3",
            "rate = '3 an hour'",
            "rate = '0/1h'",
            "require = { approve = 1, by = 'guest' }",
            "require = { confirm = true, by = 'role:lead' }",
            "require = { step_up = true, command = 'x' }",
            "[[command.require]]\napprove = -1\n[[command.require]]\ndeny = 1",
        ],
        require
    ));
}

#[test]
fn whatever_is_missing_is_told_and_nothing_breaks() {
    let root = tempfile::tempdir().expect("a folder");
    let folder = root.path().join("webapp");
    fs::create_dir(&folder).expect("a folder");
    let problems = |text: &str| {
        fs::write(folder.join("pack.toml"), text).expect("written");
        read_knowing(&folder, &["webapp"]).1
    };
    for end in (0..GOOD.len()).filter(|end| GOOD.is_char_boundary(*end)).step_by(3) {
        for problem in problems(&GOOD[..end]) {
            assert!(!problem.what.is_empty() && !problem.remedy.is_empty(), "{problem}");
        }
    }
    let lines: Vec<_> = GOOD.lines().collect();
    for gone in 0..lines.len() {
        let rest: Vec<_> =
            lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
        for problem in problems(&rest.join("\n")) {
            assert!(problem.line > 0 && problem.column > 0, "{problem}");
        }
    }
}

#[test]
fn routes_and_rules_of_a_pack_are_read() {
    let (pack, problems) = read_pack(
        r##"[pack]
name = "webapp"
about = "Ship"

[[route]]
when = "event.source == 'github' and event.repo == 'acme/webapp'"
to = ["irc:#web", "web:ops"]
say = "{{ event.actor.name }}: {{ event.title }} {{ event.payload.sender.id }}"
level = "loud"
group = "none"

[[route]]
to = ["web:ops"]
group = "2m"
drop = false

[[rule]]
name = "restart"
when = "event.state == 'firing' and event.labels.team == 'web'"
run = "restart {{ event.labels.app }}"
"##,
    );
    assert_eq!(problems, []);
    let [one, other] = &pack.routes[..] else { panic!("two routes") };
    assert_eq!(one.to.iter().map(|place| place.as_str()).collect::<Vec<_>>(), ["irc:#web", "web:ops"]);
    assert_eq!((one.level, one.group, one.drop, one.origin.line), (Some(Level::Loud), Group::None, false, 5));
    assert!(one.say.as_ref().is_some_and(|say| say.contains("event.title")));
    assert_eq!((other.when.is_none(), other.level, other.group), (true, None, Group::Within(120)));
    assert_eq!(DEFAULT_GROUP, Group::Within(30));
    let [rule] = &pack.rules[..] else { panic!("one rule") };
    assert_eq!((rule.name.as_str(), rule.run.as_str()), ("restart", "restart {{ event.labels.app }}"));
}

#[test]
fn routes_and_rules_that_cannot_be() {
    let about = |text: &str| told(&format!("pack = {{ name = 'webapp', about = 'x' }}\n{text}\n"));
    insta::assert_snapshot!(each(
        &[
            "[[route]]",
            "[route]\nto = ['web:ops']",
            "[[route]]\nto = []",
            "[[route]]\nto = 'web:ops'",
            "[[route]]\nto = ['#web', 'web:ops']",
            "[[route]]\nto = ['web:ops', 'web:ops']",
            "[[route]]\nto = ['web:ops']\nwehn = 'true'",
            "[[route]]\nto = ['web:ops']\nwhen = ''",
            "[[route]]\nto = ['web:ops']\nwhen = 'event.kind =='",
            "[[route]]\nto = ['web:ops']\nwhen = \"event.knid == 'push' and args.app\"",
            "[[route]]\nto = ['web:ops']\nsay = '{{ event.titel }}'",
            "[[route]]\nto = ['web:ops']\nsay = '{{ event.title'",
            "[[route]]\nto = ['web:ops']\nlevel = 'lod'\ngroup = '30'",
            "[[route]]\nto = ['web:ops']\nlevel = 'off'\ngroup = 30",
            "[[route]]\ndrop = true",
            "[[route]]\ndrop = 'yes'\nto = ['web:ops']",
            "[[rule]]",
            "[[rule]]\nname = 'Re Start'\nwhen = 'true'\nrun = 'x'",
            "[[rule]]\nname = 'restart'\nwhen = 'who.id'\nrun = 'restart {{ app }}'",
            "[[rule]]\nname = 'restart'\nwhen = 'true'\nrun = ''\nto = ['web:ops']",
        ],
        about
    ));
}
