-- Schema 7, as it was shipped.
PRAGMA application_id = 1466721135;
BEGIN TRANSACTION;
CREATE TABLE aliases (
    scope TEXT NOT NULL,
    name  TEXT NOT NULL,
    row   TEXT NOT NULL,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "aliases" VALUES('@ana','st','{"scope":{"person":"ana"},"name":"st","order":"status webapp","by":"@ana","at":"2026-09-21T14:16:40Z"}');
INSERT INTO "aliases" VALUES('web:ops','dep','{"scope":{"room":"web:ops"},"name":"dep","order":"ship $1","by":"@ana","at":"2026-09-21T14:16:40Z"}');
CREATE TABLE announced (
    operation TEXT NOT NULL,
    slot      INTEGER NOT NULL,
    state     TEXT NOT NULL,
    plan      BLOB NOT NULL,
    PRIMARY KEY (operation, slot)
) STRICT, WITHOUT ROWID;
INSERT INTO "announced" VALUES('o-0001',0,'awaiting_confirm',X'64879F7D6B960A01909762D911A32D4582C20010C5641EE90278B644A9E3B525');
CREATE TABLE charts (
    number INTEGER PRIMARY KEY,
    id     BLOB NOT NULL UNIQUE,
    place  TEXT NOT NULL,
    until  INTEGER NOT NULL,
    row    TEXT NOT NULL
) STRICT;
INSERT INTO "charts" VALUES(1,X'0001A5A5A5A5A5A5A5A5A5A5A5A5A5A5','web:ops',1790000060000000,'{"kind":"bars","title":"chart 1","unit":"ms","labels":["api","дб \"<&"],"times":null,"span":"","series":[{"name":"","values":[1.0,null]}],"summary":"max 1 ms (api), 1 gap","url":null}');
CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    key     BLOB NOT NULL UNIQUE,
    source  TEXT NOT NULL,
    object  TEXT,
    payload INTEGER
) STRICT;
INSERT INTO "events" VALUES(16,X'BC2108A3DBA686185818DD55B7847EA8','github','github:acme/webapp#812',16);
INSERT INTO "events" VALUES(17,X'A78DF197616D10D9727FFD5DF10FA9B7','github',NULL,16);
INSERT INTO "events" VALUES(18,X'59DD2C80F7233C1B48F47CFA35EB510E','ci',NULL,18);
INSERT INTO "events" VALUES(19,X'3DDDEE2355AB57A81A4032A2AD72146C','ci',NULL,19);
CREATE TABLE inbox (
    seq   INTEGER PRIMARY KEY,
    place TEXT NOT NULL,
    id    TEXT NOT NULL,
    input TEXT,
    UNIQUE (place, id)
) STRICT;
INSERT INTO "inbox" VALUES(6,'web:ops','1',NULL);
INSERT INTO "inbox" VALUES(7,'web:ops','2','{"type":"message","id":"2","place":"web:ops","thread":null,"from":"web:ana","text":"help","at":"2026-09-21T14:13:20Z","to_us":true}');
CREATE TABLE journal (
    seq        INTEGER PRIMARY KEY,
    at         TEXT NOT NULL,
    kind       TEXT NOT NULL,
    who        TEXT,
    operation  TEXT,
    body       TEXT,
    salt       BLOB,
    commitment BLOB NOT NULL,
    hash       BLOB NOT NULL
) STRICT;
INSERT INTO "journal" VALUES(1,'2026-09-21T14:13:20Z','operation.planned','@ana','o-0001','{"at":"2026-09-21T14:13:20Z","body":{"event":"planned","operation":{"args":{"hosts":3,"ref":"v1","share":1},"asker":{"account":"web:ana","id":"ana","kind":"person","name":"Ana Lima","roles":[]},"because":null,"command":{"origin":{"column":0,"file":"built in","line":0},"spec":{"about":"Stage the demo","args":[],"effect":"write","examples":[],"home":null,"id":"demo.stage","letter":"o","lock":null,"require":[],"timeout_secs":600,"words":[]},"steps":[],"verify":[]},"created_at":"2026-09-21T14:13:20Z","deadline":null,"ended_at":null,"expires_at":null,"given":[],"home":"web:ops","id":"o-0001","key":"key","lock":null,"needs":[],"order":"stage demo v1","place":"web:ops","plan":{"body":{"args":{"hosts":3,"ref":"v1","share":1},"command":"demo.stage","cost_ceiling":null,"definition":"eaf4d793a3896f50530f5b8ea4e8867dae10d30e5f8d51eccdf502106031d8c5","inputs":{},"place":"web:ops","principal":"@ana","steps":[],"targets":["demo/staging"],"undo":[],"version":1},"hash":"1391cc130a9c8af96af8984fac600e1377c24dc24f86e6b41d4bb934221ad402","now":[],"steps":[],"will":[]},"retry_of":null,"runs":[],"slots":[],"started_at":null,"state":"planned","thread":null,"version":0,"why":null}},"kind":"operation.planned","operation":"o-0001","who":"@ana"}',X'FDC0643CB950103B5FC550917FE18224',X'14638B0645EA412B3735F7DDD7E1798A9E11401A781999B31A5D28E018A65D72',X'C8E5439A698FE56E1DFAEC55C00F9E814B58B657B9FA6F3858FD8F285DC1477F');
INSERT INTO "journal" VALUES(2,'2026-09-21T14:13:20Z','operation.moved','wilco','o-0001','{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:21Z","by":null,"event":"moved","expires_at":null,"to":"queued","why":null},"kind":"operation.moved","operation":"o-0001","who":"wilco"}',X'4F85D61D221558162869829D55EDF006',X'E531D05230A60DA9CD7843756CA1DE0D76DDDAAE61321F06D6F6355A1BB8DBE5',X'0EF2A62711F14316AF741E941DA1D63450D93B6E51FC89EA4E035D764C0D07B0');
INSERT INTO "journal" VALUES(3,'2026-09-21T14:13:20Z','operation.planned','@ana','o-0002','{"at":"2026-09-21T14:13:20Z","body":{"event":"planned","operation":{"args":{"hosts":3,"ref":"v1","share":1},"asker":{"account":"web:ana","id":"ana","kind":"person","name":"Ana Lima","roles":[]},"because":null,"command":{"origin":{"column":0,"file":"built in","line":0},"spec":{"about":"Stage the demo","args":[],"effect":"write","examples":[],"home":null,"id":"demo.stage","letter":"o","lock":null,"require":[],"timeout_secs":600,"words":[]},"steps":[],"verify":[]},"created_at":"2026-09-21T14:13:20Z","deadline":null,"ended_at":null,"expires_at":null,"given":[],"home":"web:ops","id":"o-0002","key":null,"lock":null,"needs":[],"order":"stage demo v1","place":"web:ops","plan":{"body":{"args":{"hosts":3,"ref":"v1","share":1},"command":"demo.stage","cost_ceiling":null,"definition":"eaf4d793a3896f50530f5b8ea4e8867dae10d30e5f8d51eccdf502106031d8c5","inputs":{},"place":"web:ops","principal":"@ana","steps":[],"targets":["demo/staging"],"undo":[],"version":1},"hash":"1391cc130a9c8af96af8984fac600e1377c24dc24f86e6b41d4bb934221ad402","now":[],"steps":[],"will":[]},"retry_of":null,"runs":[],"slots":[],"started_at":null,"state":"planned","thread":null,"version":0,"why":null}},"kind":"operation.planned","operation":"o-0002","who":"@ana"}',X'7AC4FFED45087F5B179288DF182C7FCA',X'842239A3C6E85E34765FF90F88AF8A03C8F76C0A21C18B31CE2392BAB0AC93E1',X'26F276BA62F8D74F4B6B83CC6EA034F6EE4E9BCBCA53DF0B6E8210EA83E7DD84');
INSERT INTO "journal" VALUES(4,'2026-09-21T14:13:20Z','message','ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:20Z","changed":0,"from":{"id":"ana","kind":"person","name":"Ana Lima"},"key":"k","operation":null,"place":"web:ops","reply":{"blocks":[]},"seq":0,"text":"hello","thread":null,"version":1},"kind":"message","operation":null,"who":"ana"}',X'6814D7CB8B269F39F808053872E0C8F6',X'AAEE348E243E5BCAEB655D6196D0C4E3B23200B6C373C1A219BDF255FD432768',X'D8E62E83DF73E8D33645D6E02140D536431A7702929DD307A5CE707E8C364804');
INSERT INTO "journal" VALUES(5,'2026-09-21T14:13:20Z','message.edited',NULL,NULL,'{"at":"2026-09-21T14:13:20Z","body":{"message":4,"place":"web:ops","reply":{"blocks":[{"text":"better","type":"text"}]}},"kind":"message.edited","operation":null,"who":null}',X'0DD681CFD85CC89C5C2958F4BC73E8C7',X'47B6B8CF0E3FE927E8F990D444A1629E2517A424606DBA6154C42150FF0F0509',X'46B9812D344CFFF3A19D6C7203F3B7C733F0F55C705C02EDCC05CC30346D3564');
INSERT INTO "journal" VALUES(6,'2026-09-21T14:13:20Z','input','web:ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:20Z","from":"web:ana","id":"1","place":"web:ops","text":"status","thread":null,"to_us":true,"type":"message"},"kind":"input","operation":null,"who":"web:ana"}',X'52893C2A218AEE33A356498F0A63DAD1',X'331FB4CD1ED5E0CF1A94F3665DDBC332C91B147C81A9831F664131853A0255C8',X'73EADD5334CA4FC2512CEE26EE4E048470974E08D721BC20930B815A04E8BE9B');
INSERT INTO "journal" VALUES(7,'2026-09-21T14:13:20Z','input','web:ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:20Z","from":"web:ana","id":"2","place":"web:ops","text":"help","thread":null,"to_us":true,"type":"message"},"kind":"input","operation":null,"who":"web:ana"}',X'EAF60FEDE02EEE29309E16286A0AD469',X'D0DF5AD487FB3055F020F8AE6DC72530B89301CDA3CF350F13227682780108E3',X'E77BCBC928665892AABDB3B7BBB48D61EFC818591057CA31CB85A43246D0D857');
INSERT INTO "journal" VALUES(8,'2026-09-21T14:13:20Z','handled',NULL,NULL,'{"at":"2026-09-21T14:13:20Z","body":{"input":6},"kind":"handled","operation":null,"who":null}',X'540BBCE8327B7CD0194B79A712542F1E',X'DF57151340673E836A726B8341B4BC781A002C4C38D42C1B753F9BE9BF6DDBFA',X'A610AA4F302281F8FD4D7231F91AB9EB56F3C1709E30A111E729AA8EADBF0055');
INSERT INTO "journal" VALUES(9,'2026-09-21T14:13:20Z','order.read','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"account":null,"command":null,"kind":"order.read","operation":null,"place":"web:ops","rule":null,"text":"status","who":"@ana"},"kind":"order.read","operation":null,"who":"@ana"}',X'4B83C29B51C9A0847FA48DA36A2859B0',X'4E497EE3F69C7DDE5FE179BBEDD3ED2511417A59D33D5141DEB36A5041F1BF2E',X'FAAE1EFC382BCCCF71CE2C42B7961711E5C6910D74B26F0A5C6F3E40A1FAC440');
INSERT INTO "journal" VALUES(10,'2026-09-21T14:13:20Z','lock.taken',NULL,'o-0001','{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:20Z","expires_at":"2026-09-21T14:23:20Z","key":"demo/staging","owner":{"operation":"o-0001"},"reason":"stage demo v1"},"kind":"lock.taken","operation":"o-0001","who":null}',X'B584F1748F01B6409472468D2863895E',X'F34CF07D652C717A523BE00517524C13212A421A4B21C28F594815BC41538DF6',X'792C8FE82302F140619838D715323939563BFC6920F7EED2276ED6A3D51CAE9A');
INSERT INTO "journal" VALUES(11,'2026-09-21T14:13:20Z','access.link_made','operator',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"access":"link","by":"operator","expires_at":"2026-09-21T14:23:20Z","hash":"b1b1bdb480c61d075300d9bff7d9cb69cf31695ea048e478facadf426e8d0fb0","person":"ana","used_at":null},"kind":"access.link_made","operation":null,"who":"operator"}',X'9D46D8C66AA9590BA3166DD2FE46E30F',X'AD2F49AA41985D82BDFA989EC0A994378CD354BF438B9E3B2BB74E5353DF9EDD',X'CF24C8FA017CE9345A26E296718D4122E1E65CEB06F4DCAE4AF963112B6A322B');
INSERT INTO "journal" VALUES(12,'2026-09-21T14:13:20Z','access.link_used','operator',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"access":"link","by":"operator","expires_at":"2026-09-21T14:23:20Z","hash":"b1b1bdb480c61d075300d9bff7d9cb69cf31695ea048e478facadf426e8d0fb0","person":"ana","used_at":"2026-09-21T14:13:23Z"},"kind":"access.link_used","operation":null,"who":"operator"}',X'4C6521D5D315B82D13ABF19D5F5E6256',X'EEEE5C3D8C77A009D44F66E3D84A289C5002D139E0BE8BA6A6112DA19FC113B0',X'9F08B5FC7DBDEA1FF95D4F546DED0CAACC75197ACAD82BC9F6ACF19D6D30441A');
INSERT INTO "journal" VALUES(13,'2026-09-21T14:13:20Z','access.session','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"access":"session","created_at":"2026-09-21T14:13:20Z","ended_at":null,"hash":"3f3af1ecebbd1410ab417ec0d27bbfcb5d340e177ae159b59fc8626c2dfd9175","person":"ana","seen_at":"2026-09-21T14:13:21Z"},"kind":"access.session","operation":null,"who":"@ana"}',X'C9117FF9D24664E4AA0C2C973F223A5A',X'535D30E3611CCAC6866B77E90AC8AC9D256CE27A7B764B69F2EE31B30DC941EB',X'FABE4B40224939C0A329E9F622EAF07E9654FC13236B5005B1DC51168C77BEBA');
INSERT INTO "journal" VALUES(14,'2026-09-21T14:13:20Z','access.token_made','operator',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"access":"token","by":"operator","created_at":"2026-09-21T14:13:20Z","expires_at":"2026-09-21T14:15:00Z","hash":"3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0","name":"ci","revoked_at":null,"scope":"order"},"kind":"access.token_made","operation":null,"who":"operator"}',X'908FC07ADC6EA087A3F456ECBEB5089B',X'0B163DAEEB60AA746ACA982583A56638DBC9B2DE07F605CA744524395D3F7940',X'9C7C8DE3E396A56B04DD4E4B7286F86F98EE652DA322D98F68EFA228853449A1');
INSERT INTO "journal" VALUES(15,'2026-09-21T14:13:20Z','order.refused','@ben','o-0001','{"at":"2026-09-21T14:13:20Z","body":{"account":null,"command":null,"kind":"order.refused","operation":"o-0001","place":"web:ops","rule":"wilco.toml:41","text":"odd \u0001 \" 🚀","who":"@ben"},"kind":"order.refused","operation":"o-0001","who":"@ben"}',X'95FBF168534B2099DB4F5F04C3835A3B',X'F952285918A45644FC4E4CBC269FDDF7D674C4ADC6E5DCEAF13CF110D908E9C4',X'AE9CBB03D3C09DEF2B92F75CD77AD1F8BF1D4BF1A291EFE0F70260C87642B832');
INSERT INTO "journal" VALUES(16,'2026-09-21T14:13:20Z','event','source:github',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"event":{"action":null,"actor":null,"at":"2026-09-21T14:13:20Z","branch":null,"delivery":null,"done":false,"family":null,"head":null,"id":"1","kind":"issues","labels":["bug"],"level":"off","line":"Fix it","number":null,"object":"github:acme/webapp#812","quote":false,"reference":null,"repo":null,"severity":null,"signed":false,"source":"github","state":null,"text":null,"title":null,"url":null},"payload":{"hash":"888c22addbb8ea2a256905d87a6e5981e5461a44eb852a1d713d04fbddb37065","length":32}},"kind":"event","operation":null,"who":"source:github"}',X'0CED68C8DEB83647BB480A299E9E811A',X'8ECD1764C94D58845FBB658376B282471CE32B5E37C6C9A9202B5E0DDCDB252B',X'F06CE941031963766943989D0D1B8E7651A598C6909F5E7D8A1FF256507B3870');
INSERT INTO "journal" VALUES(17,'2026-09-21T14:13:20Z','event','source:github',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"event":{"action":null,"actor":null,"at":"2026-09-21T14:13:20Z","branch":null,"delivery":null,"done":false,"family":null,"head":null,"id":"1.2","kind":"issues","labels":[],"level":"off","line":"","number":null,"object":null,"quote":false,"reference":null,"repo":null,"severity":null,"signed":false,"source":"github","state":null,"text":null,"title":null,"url":null},"payload":null},"kind":"event","operation":null,"who":"source:github"}',X'92954879CD0C600B93FF3B8685F277C3',X'FD11F69149D13E4CD182E6F840D47E6C059C076F0DB806BE86963E9BB53F9513',X'44F3E74EDD0304C3ED05017111D304045BE49945C411233A692C62E3884AEAA3');
INSERT INTO "journal" VALUES(18,'2026-09-21T14:13:20Z','event','source:ci',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"event":{"action":null,"actor":null,"at":"2026-09-21T14:13:20Z","branch":null,"delivery":null,"done":false,"family":null,"head":null,"id":"2","kind":"issues","labels":[],"level":"off","line":"","number":null,"object":null,"quote":false,"reference":null,"repo":null,"severity":null,"signed":false,"source":"ci","state":null,"text":null,"title":null,"url":null},"payload":{"hash":"19ad4f109270169ad234dd5d2a951fe4c7f3c16b9357c1bd4ccef8525d676f64","length":2}},"kind":"event","operation":null,"who":"source:ci"}',X'64FDC4CF671EC0AD2172737DC5D627C3',X'031DCDFEFD18F408D6B699CF47632676977733CC7F6468D1067535ACC88AD14E',X'599DFCA01DCBE24CABAAE113434ECCADB5E31A48A1AC0EA1311AF5E785B82202');
INSERT INTO "journal" VALUES(19,'2026-09-21T14:13:20Z','event','source:ci',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"event":{"action":null,"actor":null,"at":"2026-09-21T14:13:20Z","branch":null,"delivery":null,"done":false,"family":null,"head":null,"id":"3","kind":"issues","labels":[],"level":"off","line":"","number":null,"object":null,"quote":false,"reference":null,"repo":null,"severity":null,"signed":false,"source":"ci","state":null,"text":null,"title":null,"url":null},"payload":{"hash":"19ad4f109270169ad234dd5d2a951fe4c7f3c16b9357c1bd4ccef8525d676f64","length":2}},"kind":"event","operation":null,"who":"source:ci"}',X'C6FD4B99C642A3156E05910B5E7DCC0D',X'EA995D319FF5E1EA3B9A0720DFD2B8829518B13D0B26738101F71D150A710E67',X'DF740194214CEB9884CE06B4340F5507715E4BA1AD80951FB999EC9F7DA0B0C4');
INSERT INTO "journal" VALUES(20,'2026-09-21T14:13:20Z','event.forgotten','wilco',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"before":"2026-09-21T14:13:29Z","events":[18],"source":"ci"},"kind":"event.forgotten","operation":null,"who":"wilco"}',X'58F6581CD9A082E404E0CFF51E62CB43',X'9A89C6B10497010D1D00BF64BB9DAD5AE0411BEC98CABFDC7689AF1FDC82C7C5',X'5A9E30C1FA5EE808F8B90794410AC22E9F8A8584E3E302EC0AF82918181892E7');
INSERT INTO "journal" VALUES(21,'2026-09-21T14:13:20Z','mute.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:20Z","by":"@ana","place":"web:ops","until":"2026-09-21T14:14:20Z","what":"ci"},"kind":"mute.set","operation":null,"who":"@ana"}',X'260C5ECEA52B463BF62ADF211AA1E8B0',X'DB464EA8B31A45511D3985B2EFA8EF30B59A35101400419E2326CFAC8BEDBB10',X'C56EFF62006F54C56F07D3153EEA3707332BDA63B2D54F07B81A6828AAC32D89');
INSERT INTO "journal" VALUES(22,'2026-09-21T14:13:20Z','mute.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:13:20Z","by":"@ana","place":"web:ops","until":"2026-09-21T14:14:20Z","what":"acme/webapp"},"kind":"mute.set","operation":null,"who":"@ana"}',X'46BD0F429C44A07B70B9396DDB8ADF24',X'BE54B3465EEF330364D34C0F5ACE1EFB7CBE12F6FD6DE89AD3AB891A4067A744',X'83201DA9CC9BD3ECE991F6252E3B8BC11994A0F487245611D8840808A1DB15C1');
INSERT INTO "journal" VALUES(23,'2026-09-21T14:13:20Z','mute.ended','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"by":"@ana","place":"web:ops","what":"ci"},"kind":"mute.ended","operation":null,"who":"@ana"}',X'BF86F3EB9806C5039D4BFED2DF70D70F',X'6CEA06AA3F643572D86A36A67E502E71316E907D4D1A2A6292FB774E1E31562B',X'FBE7DEE5747437D63404EDC901600D283D79D95060F90EE008A4C0C16AFE15B6');
INSERT INTO "journal" VALUES(24,'2026-09-21T14:13:20Z','schedule.began','wilco',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:15:00Z","name":"webapp.nightly","what":"began"},"kind":"schedule.began","operation":null,"who":"wilco"}',X'ACA9723B1C874E2EFDAD3676D718430E',X'7FB039E180547A1F99D39D8BDC0F795A9727304D160182D148654E7CAB8EBFFB',X'430991C6812CC290C9D1244F03E63CD7315B31E2EDBD6B5FCBCF6F47AB49B003');
INSERT INTO "journal" VALUES(25,'2026-09-21T14:13:20Z','schedule.fired','schedule:webapp.nightly',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"due":"2026-09-21T14:16:00Z","name":"webapp.nightly","what":"fired"},"kind":"schedule.fired","operation":null,"who":"schedule:webapp.nightly"}',X'FB0C2166A6FBD8234CC0C7DA34BC5A7A',X'864DE200DA0056D549EB1FE1F98820D58A1B0471F09FBDA7AABF300809DF33D8',X'8D14DFBE52999D9BE4D8A618DE22E60706ECE552C6BE668260DC59F372177FF2');
INSERT INTO "journal" VALUES(26,'2026-09-21T14:13:20Z','schedule.began','wilco',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:15:00Z","name":"webapp.status","what":"began"},"kind":"schedule.began","operation":null,"who":"wilco"}',X'158577DCD5B8D40BE53312C427168542',X'AA16C2C177A818ADB53C8868205332069880760F2CE233B401A41D34AF90D15B',X'40CD56D650309A5E866F055849EE8A2F808EB583648A620FBF8EBE7CACC27A49');
INSERT INTO "journal" VALUES(27,'2026-09-21T14:13:20Z','schedule.paused','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:16:10Z","by":"@ana","name":"webapp.status","what":"paused"},"kind":"schedule.paused","operation":null,"who":"@ana"}',X'DC5D80E813A9A3BF18D56FFDE535466F',X'5C8754E1F9DA95D6F05E19C00A43CA623B3A19CB8E3CA0548DDEEED140C8F8E8',X'DD8E37D69AF4C0636C9FE1273872CD5EDFECB0ADDF0A279C925D22F249A954A0');
INSERT INTO "journal" VALUES(28,'2026-09-21T14:13:20Z','alias.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:16:40Z","by":"@ana","name":"st","order":"status webapp","scope":{"person":"ana"}},"kind":"alias.set","operation":null,"who":"@ana"}',X'650004EF8C7B921844638036A78DF7B5',X'35F96077032B52A825CBA24766D1766A61F6C6D00A749F0A7305F9D9B6BDFEC8',X'05784EE573FE72626643803C41F689BDB3148F6207C44BEAEF2C17859DBC5486');
INSERT INTO "journal" VALUES(29,'2026-09-21T14:13:20Z','alias.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:16:40Z","by":"@ana","name":"dep","order":"ship $1","scope":{"room":"web:ops"}},"kind":"alias.set","operation":null,"who":"@ana"}',X'7515EF768934524F3AFACED949061B38',X'DE61F407C8C08197E0CB25FB1F3B58FD0C985372F1AA1B944A5E7A07D55564A8',X'0FC614ABDDC66396699E6A87363107D437443FAB403DB00ED3B6494F5DE806C1');
INSERT INTO "journal" VALUES(30,'2026-09-21T14:13:20Z','alias.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"at":"2026-09-21T14:16:40Z","by":"@ana","name":"gone","order":"help","scope":{"room":"web:ops"}},"kind":"alias.set","operation":null,"who":"@ana"}',X'19B31F4E8C513B822C39B92EEFE7AEC0',X'1BC9B802A64A13874B4F22CF3020C4898C53B81AF950D7674C7DC03F7D34DE9E',X'DE7FBBDA20C4DEA76F0BDAC59AEBEEF7CF01A54472F1E317E1F223679AC2FC20');
INSERT INTO "journal" VALUES(31,'2026-09-21T14:13:20Z','alias.ended','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"by":"@ana","name":"gone","scope":{"room":"web:ops"}},"kind":"alias.ended","operation":null,"who":"@ana"}',X'497A6BB9D1DE6BB505099A7FFEDAADBC',X'5A7AFDAE706F297D5ECF8D862ED664022755030BB77A561420C0F7FBC9CFEA01',X'7124472CCB91FE73C4361A2A5D39A77628C4FDB9C6B4E48E642957FBC28F0085');
INSERT INTO "journal" VALUES(32,'2026-09-21T14:13:20Z','memory.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"by":{"key":"d-0001.add.1","operation":null,"who":"@ana"},"entry":{"at":"2026-09-21T14:13:20Z","key":"ana","namespace":{"name":"karma","pack":"webapp"},"until":null,"value":3,"version":1},"event":"set"},"kind":"memory.set","operation":null,"who":"@ana"}',X'DE8380B5B77A337593F7F12D90E1879C',X'8CB46B6C2252C09EA643552DBD2E676414B77CEA26849EF508C2A84313B6C362',X'ECCE9B532BCDC9595AFD400EF30BA0C8D1A4BDF66099B1F5E126D422006FC4B6');
INSERT INTO "journal" VALUES(33,'2026-09-21T14:13:20Z','memory.set','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"by":{"key":"d-0001.add.2","operation":null,"who":"@ana"},"entry":{"at":"2026-09-21T14:13:20Z","key":"gone","namespace":{"name":"karma","pack":"webapp"},"until":null,"value":"x","version":1},"event":"set"},"kind":"memory.set","operation":null,"who":"@ana"}',X'9396C212EA204508899362B628EC7F6D',X'8E60E1E5291755F2773C659335B7C248C0ABFD1092686F343468EAA3AF70DC69',X'4D99785209904CAFEBAC4DFB1EE071C198C4E4A481AD55A0466F14CC22F0A6B9');
INSERT INTO "journal" VALUES(34,'2026-09-21T14:13:20Z','memory.forgot','@ana',NULL,'{"at":"2026-09-21T14:13:20Z","body":{"by":{"key":"d-0001.add.3","operation":null,"who":"@ana"},"event":"forgot","key":"gone","namespace":{"name":"karma","pack":"webapp"},"version":1},"kind":"memory.forgot","operation":null,"who":"@ana"}',X'F17F92A01336F9A7A9617F323620BF4A',X'08FF6F670EA2F1FEC493C1EB1A6BD092974DF36E0FF7B0625317208F82DDDE4B',X'89E04724722366B544B6D7F42B04F016287D41B329AADD9809F2ADA5EC41C285');
CREATE TABLE leases (
    name  TEXT PRIMARY KEY,
    token INTEGER NOT NULL,
    row   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "leases" VALUES('wilco',1,'{"name":"wilco","holder":{"id":"one","machine":"m","process":1,"since":"2026-09-21T14:13:20Z"},"token":1,"until":"2026-09-21T14:13:50Z"}');
CREATE TABLE lines (
    number INTEGER PRIMARY KEY,
    place  TEXT NOT NULL,
    thread INTEGER,
    row    TEXT NOT NULL
) STRICT;
INSERT INTO "lines" VALUES(2,'web:ops',NULL,'{"number":2,"place":"web:ops","thread":null,"content":{"blocks":[{"type":"text","text":"line 2"}]},"event":1,"expires_at":"2026-09-21T15:13:20Z"}');
CREATE TABLE links (
    hash       BLOB PRIMARY KEY,
    person     TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "links" VALUES(X'B1B1BDB480C61D075300D9BFF7D9CB69CF31695EA048E478FACADF426E8D0FB0','ana','operator','2026-09-21T14:23:20Z','2026-09-21T14:13:23Z');
CREATE TABLE locks (
    key        TEXT PRIMARY KEY,
    owner      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "locks" VALUES('demo/staging','{"operation":"o-0001"}','stage demo v1','2026-09-21T14:13:20Z','2026-09-21T14:23:20Z');
CREATE TABLE memory (
    namespace TEXT NOT NULL,
    key       TEXT NOT NULL,
    pack      TEXT NOT NULL,
    version   INTEGER NOT NULL,
    until     INTEGER,
    bytes     INTEGER NOT NULL,
    row       TEXT NOT NULL,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "memory" VALUES('webapp/karma','ana','webapp',1,NULL,4,'{"namespace":{"pack":"webapp","name":"karma"},"key":"ana","value":3,"version":1,"at":"2026-09-21T14:13:20Z","until":null}');
CREATE TABLE messages (
    seq       INTEGER PRIMARY KEY,
    changed   INTEGER NOT NULL,
    at        TEXT NOT NULL,
    place     TEXT NOT NULL,
    thread    INTEGER,
    from_kind TEXT NOT NULL,
    from_id   TEXT NOT NULL,
    from_name TEXT NOT NULL,
    text      TEXT NOT NULL,
    reply     TEXT NOT NULL,
    version   INTEGER NOT NULL,
    operation TEXT,
    key       TEXT
) STRICT;
INSERT INTO "messages" VALUES(4,5,'2026-09-21T14:13:20Z','web:ops',NULL,'person','ana','Ana Lima','better','{"blocks":[{"type":"text","text":"better"}]}',2,NULL,'k');
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('schema','7');
CREATE TABLE mutes (
    place TEXT NOT NULL,
    what  TEXT NOT NULL,
    row   TEXT NOT NULL,
    PRIMARY KEY (place, what)
) STRICT, WITHOUT ROWID;
INSERT INTO "mutes" VALUES('web:ops','acme/webapp','{"place":"web:ops","what":"acme/webapp","by":"@ana","at":"2026-09-21T14:13:20Z","until":"2026-09-21T14:14:20Z"}');
CREATE TABLE numbers (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO "numbers" VALUES(1,4);
CREATE TABLE op_log (
    operation TEXT NOT NULL,
    number    INTEGER NOT NULL,
    at        TEXT NOT NULL,
    step      TEXT NOT NULL,
    stream    TEXT NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (operation, number)
) STRICT, WITHOUT ROWID;
INSERT INTO "op_log" VALUES('o-0001',1,'2026-09-21T14:13:21Z','build','out','one');
INSERT INTO "op_log" VALUES('o-0001',2,'2026-09-21T14:13:21Z','build','out','two');
CREATE TABLE operations (
    number  INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    state   TEXT NOT NULL,
    asker   TEXT NOT NULL,
    key     TEXT,
    version INTEGER NOT NULL,
    row     TEXT NOT NULL
) STRICT;
INSERT INTO "operations" VALUES(1,'o-0001','queued','@ana','key',2,'{"id":"o-0001","command":{"spec":{"id":"demo.stage","words":[],"about":"Stage the demo","effect":"write","args":[],"examples":[],"require":[],"lock":null,"timeout_secs":600,"home":null,"letter":"o"},"origin":{"file":"built in","line":0,"column":0},"steps":[],"verify":[]},"asker":{"kind":"person","id":"ana","name":"Ana Lima","roles":[],"account":"web:ana"},"order":"stage demo v1","args":{"ref":"v1","share":1.0,"hosts":3},"place":"web:ops","thread":null,"home":"web:ops","because":null,"key":"key","retry_of":null,"plan":{"body":{"version":1,"command":"demo.stage","definition":"eaf4d793a3896f50530f5b8ea4e8867dae10d30e5f8d51eccdf502106031d8c5","args":{"ref":"v1","share":1.0,"hosts":3},"principal":"@ana","place":"web:ops","targets":["demo/staging"],"inputs":{},"steps":[],"undo":[],"cost_ceiling":null},"hash":"1391cc130a9c8af96af8984fac600e1377c24dc24f86e6b41d4bb934221ad402","will":[],"now":[],"steps":[]},"needs":[],"given":[],"state":"queued","why":null,"lock":null,"runs":[],"slots":[],"created_at":"2026-09-21T14:13:20Z","expires_at":null,"started_at":null,"deadline":null,"ended_at":null,"version":2}');
INSERT INTO "operations" VALUES(2,'o-0002','planned','@ana',NULL,1,'{"id":"o-0002","command":{"spec":{"id":"demo.stage","words":[],"about":"Stage the demo","effect":"write","args":[],"examples":[],"require":[],"lock":null,"timeout_secs":600,"home":null,"letter":"o"},"origin":{"file":"built in","line":0,"column":0},"steps":[],"verify":[]},"asker":{"kind":"person","id":"ana","name":"Ana Lima","roles":[],"account":"web:ana"},"order":"stage demo v1","args":{"ref":"v1","share":1.0,"hosts":3},"place":"web:ops","thread":null,"home":"web:ops","because":null,"key":null,"retry_of":null,"plan":{"body":{"version":1,"command":"demo.stage","definition":"eaf4d793a3896f50530f5b8ea4e8867dae10d30e5f8d51eccdf502106031d8c5","args":{"ref":"v1","share":1.0,"hosts":3},"principal":"@ana","place":"web:ops","targets":["demo/staging"],"inputs":{},"steps":[],"undo":[],"cost_ceiling":null},"hash":"1391cc130a9c8af96af8984fac600e1377c24dc24f86e6b41d4bb934221ad402","will":[],"now":[],"steps":[]},"needs":[],"given":[],"state":"planned","why":null,"lock":null,"runs":[],"slots":[],"created_at":"2026-09-21T14:13:20Z","expires_at":null,"started_at":null,"deadline":null,"ended_at":null,"version":1}');
CREATE TABLE payloads (
    seq    INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    at     INTEGER NOT NULL,
    length INTEGER NOT NULL,
    packed BLOB NOT NULL
) STRICT;
INSERT INTO "payloads" VALUES(16,'github',1790000000000000,32,X'F0117B22616374696F6E223A226F70656E6564222C226E756D626572223A3831327D');
INSERT INTO "payloads" VALUES(19,'ci',1790000000000000,2,X'207B7D');
CREATE TABLE schedules (
    name TEXT NOT NULL PRIMARY KEY,
    row TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "schedules" VALUES('webapp.nightly','{"name":"webapp.nightly","seen":"2026-09-21T14:16:00Z","fired":"2026-09-21T14:16:00Z","paused":null}');
INSERT INTO "schedules" VALUES('webapp.status','{"name":"webapp.status","seen":"2026-09-21T14:15:00Z","fired":null,"paused":["@ana","2026-09-21T14:16:10Z"]}');
CREATE TABLE sessions (
    hash       BLOB PRIMARY KEY,
    person     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    ended_at   TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "sessions" VALUES(X'3F3AF1ECEBBD1410AB417EC0D27BBFCB5D340E177AE159B59FC8626C2DFD9175','ana','2026-09-21T14:13:20Z','2026-09-21T14:13:21Z',NULL);
CREATE TABLE slot_objects (
    place  TEXT NOT NULL,
    object TEXT NOT NULL,
    slot   INTEGER NOT NULL,
    PRIMARY KEY (place, object)
) STRICT, WITHOUT ROWID;
INSERT INTO "slot_objects" VALUES('web:ops','github:acme/webapp#812',1);
CREATE TABLE slots (
    number        INTEGER PRIMARY KEY,
    place         TEXT NOT NULL,
    thread        INTEGER,
    turn          INTEGER NOT NULL,
    post          INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    place_count   INTEGER NOT NULL,
    due           TEXT,
    shown         INTEGER NOT NULL,
    receipt_place TEXT,
    receipt       TEXT,
    row           TEXT NOT NULL
) STRICT;
INSERT INTO "slots" VALUES(1,'web:ops',NULL,1,1,2,7,'2026-09-21T14:14:20Z',1,'web:ops','4','{"number":1,"place":"web:ops","thread":null,"kind":"objects","turn":1,"post":1,"content":{"blocks":[{"type":"text","text":"slot 1"}]},"version":2,"told":1,"opened_at":"2026-09-21T14:13:20Z","posted_at":"2026-09-21T14:13:20Z","place_count":7,"due":"2026-09-21T14:14:20Z","expires_at":"2026-09-21T15:13:20Z","members":[{"object":"github:acme/webapp#812","reference":"github:acme/webapp#812","line":"Fix it","url":null,"title":null,"state":"open","done":false,"since":"2026-09-21T14:13:20Z","level":"normal","newest":"2026-09-21T14:13:20Z","parts":[],"stands":"2026-09-21T14:13:20Z","event":1,"changes":[],"like":null}],"counts":[],"family":null,"threaded":[],"fold":null}');
INSERT INTO "slots" VALUES(3,'web:ops',1,3,1,1,0,NULL,0,NULL,NULL,'{"number":3,"place":"web:ops","thread":1,"kind":"objects","turn":3,"post":1,"content":{"blocks":[{"type":"text","text":"slot 3"}]},"version":1,"told":1,"opened_at":"2026-09-21T14:13:20Z","posted_at":"2026-09-21T14:13:20Z","place_count":0,"due":null,"expires_at":"2026-09-21T15:13:20Z","members":[],"counts":[],"family":null,"threaded":[],"fold":null}');
CREATE TABLE tokens (
    hash       BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    scope      TEXT NOT NULL,
    made_by    TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT
) STRICT, WITHOUT ROWID;
INSERT INTO "tokens" VALUES(X'3C469E9D6C5875D37A43F353D4F88E61FCF812C66EEE3457465A40B0DA4153E0','ci','order','operator','2026-09-21T14:13:20Z','2026-09-21T14:15:00Z',NULL);
CREATE TABLE traces (
    event INTEGER PRIMARY KEY,
    row   TEXT NOT NULL
) STRICT;
INSERT INTO "traces" VALUES(16,'{"event":16,"considered":[{"rule":"wilco.toml:12","note":"normal"}],"places":[{"place":"web:ops","level":"normal","did":"posted","note":null,"slot":1}]}');
INSERT INTO "traces" VALUES(17,'{"event":17,"considered":[],"places":[]}');
CREATE INDEX journal_operation ON journal (operation) WHERE operation IS NOT NULL;
CREATE INDEX operations_state ON operations (state);
CREATE INDEX operations_key ON operations (asker, key) WHERE key IS NOT NULL;
CREATE INDEX inbox_open ON inbox (seq) WHERE input IS NOT NULL;
CREATE INDEX messages_place ON messages (place);
CREATE INDEX messages_changed ON messages (place, changed);
CREATE UNIQUE INDEX messages_key ON messages (key) WHERE key IS NOT NULL;
CREATE INDEX tokens_name ON tokens (name, created_at);
CREATE INDEX journal_kind ON journal (kind) WHERE kind <> 'event';
CREATE INDEX journal_who ON journal (who) WHERE who IS NOT NULL AND kind <> 'event';
CREATE INDEX events_source ON events (source);
CREATE INDEX events_object ON events (object) WHERE object IS NOT NULL;
CREATE INDEX payloads_age ON payloads (source, at);
CREATE INDEX slots_to_post ON slots (place, turn) WHERE shown = 0 AND version > 0;
CREATE INDEX slots_to_edit ON slots (place, turn) WHERE shown > 0 AND shown < version;
CREATE INDEX slots_due ON slots (number) WHERE due IS NOT NULL;
CREATE INDEX slots_receipt ON slots (receipt_place, receipt) WHERE receipt IS NOT NULL;
CREATE INDEX slots_count ON slots (place, place_count);
CREATE INDEX lines_place ON lines (place);
CREATE INDEX memory_size ON memory (pack, namespace, until, bytes);
CREATE INDEX memory_until ON memory (until) WHERE until IS NOT NULL;
CREATE INDEX charts_until ON charts (until);
CREATE INDEX charts_place ON charts (place);
COMMIT;
