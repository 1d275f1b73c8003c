//! The same pages in other languages: their words, what stands in isolates, and columns; and that programs get the same in each.

use serde_json::json;

use crate::fake_station::{FakeStation, ok, refused};
use crate::reading::{flash, inbox, notice, status};

const TONGUES: [&str; 7] = ["en", "fr", "es", "ru", "ar", "zh", "uk"];

/// What a station answers whose line has a bit of everything.
fn station() -> FakeStation {
    FakeStation::new(|asked| match asked.what.as_str() {
        "GET /v1/lines/syria" => ok(status()),
        "GET /v1/lines/syria/inbox?limit=100" => ok(inbox()),
        "GET /v1/lines/syria/entries/rus/Z/2" => ok(flash()),
        "GET /v1/lines/syria/entries/usa/P/1" => ok(notice()),
        _ => crate::fake_station::usual(asked),
    })
}

/// A page in a language; what goes with it on standard error is not looked at.
fn page(station: &FakeStation, tongue: &str, arguments: &[&str]) -> String {
    let left = station.run(&[&["--words", tongue], arguments].concat());
    assert_eq!(left.code, Some(0), "{}", left.err);
    left.out
}

fn without_unseen(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{2066}' | '\u{2068}' | '\u{2069}' | '\u{200F}')).collect()
}

#[test]
fn an_entry_is_read_in_the_readers_language_and_its_text_in_its_authors() {
    let station = station();
    let french = "\
rus/Z/2  ◆ Z FLASH     message
de                    rus, watch officer
heure                 062228ZAPR17 22:28:00Z (il y a 12 min)
langue                ru
concerne              usa/Z/1
texte                 │ Первая строка
                      │ ⟨U+001B⟩[31mвторая⟨U+202E⟩
sauvegarde            sauvegarde de la vie : passe même ligne suspendue
répond à              ce qu’elle concerne
répondre avant        062310ZAPR17 23:10:00Z (dans 30 min)
par usa               ● remis 062228ZAPR17 22:28:00Z
                      ○ non affiché
                      ● accusé de réception usa/Z/4
                      ○ non transmis
                      ○ sans réponse
numéro                9
connaissait           usa/Z 1
octets                231
feuille               ab12
";
    assert_eq!(page(&station, "fr", &["show", "rus/Z/2"]), french);
    let chinese = page(&station, "zh", &["show", "rus/Z/2"]);
    // A sign of Chinese is two columns wide.
    for row in ["时间                  062228ZAPR17", "正文                  │ Первая строка\n"]
    {
        assert!(chinese.contains(row), "{chinese}");
    }
    let russian = page(&station, "ru", &["show", "usa/P/1"]);
    for word in [
        "СРОЧНО",
        "поправка",
        "НЕДЕЙСТВИТЕЛЬНА: NotPermitted",
        "с                     062340ZAPR17",
        "до                    070040ZAPR17",
        "через 2 ч 00 мин",
        "-10.5 м AMSL",
        "Силы, которых оно касается",
    ] {
        assert!(russian.contains(word), "{word}: {russian}");
    }
}

#[test]
fn in_arabic_whatever_is_not_arabic_stands_in_isolates() {
    let station = station();
    let shown = page(&station, "ar", &["show", "rus/Z/2"]);
    for row in [
        "\u{200F}\u{2068}rus/Z/2\u{2069}  ◆ Z برق FLASH  رسالة\n",
        "من                    \u{2068}rus\u{2069}، \u{2068}watch officer\u{2069}\n",
        "الوقت                 \u{2068}062228ZAPR17 22:28:00Z\u{2069} (قبل \u{2068}\u{2068}12\u{2069} د\u{2069})\n",
        "│ \u{2068}Первая строка\u{2069}\n",
        // What a peer wrote to turn the line is shown; the isolates around it are ours.
        "│ \u{2068}⟨U+001B⟩[31mвторая⟨U+202E⟩\u{2069}\n",
    ] {
        assert!(shown.contains(row), "{row}: {shown}");
    }
    let all = [
        page(&station, "ar", &["show", "usa/P/1"]),
        page(&station, "ar", &["inbox"]),
        page(&station, "ar", &["status"]),
        shown,
    ];
    for line in all.iter().flat_map(|page| page.lines()).filter(|line| !line.is_empty()) {
        assert!(line.starts_with('\u{200F}'), "{line}");
        let mut depth = 0_i32;
        for c in line.chars() {
            match c {
                '\u{2066}' | '\u{2068}' => depth += 1,
                '\u{2069}' => depth -= 1,
                c if c.is_ascii_digit() => assert!(depth > 0, "{c} outside of any isolate: {line}"),
                _ => {}
            }
            assert!(depth >= 0, "{line}");
        }
        assert_eq!(depth, 0, "{line}");
    }
    // Nothing unseen comes into what other languages print.
    for tongue in TONGUES.iter().filter(|tongue| **tongue != "ar") {
        let shown = page(&station, tongue, &["status"]) + &page(&station, tongue, &["show", "rus/Z/2"]);
        assert_eq!(shown, without_unseen(&shown), "{tongue}");
    }
}

#[test]
fn the_columns_of_precedences_stand_below_their_headings() {
    let station = station();
    for tongue in TONGUES {
        let shown = without_unseen(&page(&station, tongue, &["status"]));
        let wide = |text: &str| {
            text.chars().map(|c| if ('\u{2E80}'..='\u{FFEF}').contains(&c) { 2 } else { 1 }).sum::<usize>()
        };
        let lines: Vec<&str> = shown.lines().collect();
        let heading = lines.iter().position(|line| line.contains("  O ")).expect("a heading");
        let ends = |line: &str, words: &[&str]| -> Vec<usize> {
            words.iter().map(|word| wide(line.split_once(word).unwrap().0) + wide(word)).collect()
        };
        let [_, owed, awaited] = [lines[heading], lines[heading + 1], lines[heading + 2]];
        assert_eq!(wide(owed), wide(awaited), "{tongue}: {shown}");
        assert_eq!(wide(lines[heading]), wide(owed), "{tongue}: {shown}");
        assert_eq!(ends(owed, &["1"]).len(), 1);
    }
}

#[test]
fn an_inbox_says_what_is_owed_in_each_language() {
    let station = station();
    for (tongue, words) in [
        (
            "fr",
            [
                "DÛ  3",
                "EN RETARD de 2 min",
                "écrit il y a 12 min, message de rus, watch officer",
                "CESSEZ à 35.1000000",
            ],
        ),
        ("es", ["DEBIDO  3", "CON RETRASO de 2 min", "mensaje de rus, watch officer", "CESEN en 35.1000000"]),
        (
            "ru",
            [
                "ЗА НАМИ  3",
                "ПРОСРОЧЕНО на 2 мин",
                "сообщение от rus, watch officer",
                "ПРЕКРАТИТЕ в точке 35.1000000",
            ],
        ),
        (
            "uk",
            [
                "ЗА НАМИ  3",
                "ПРОСТРОЧЕНО на 2 хв",
                "повідомлення від rus, watch officer",
                "ПРИПИНІТЬ у точці 35.1000000",
            ],
        ),
        ("ar", ["المطلوب منّا  3", "متأخر منذ 2 د", "رسالة من rus، watch officer", "أوقفوا عند 35.1000000"]),
        ("zh", ["待办  3", "逾期 2 分", "电文，来自 rus，watch officer", "停止：35.1000000"]),
    ] {
        let shown = without_unseen(&page(&station, tongue, &["inbox"]));
        for word in words {
            assert!(shown.contains(word), "{word} in {tongue}: {shown}");
        }
        assert!(shown.contains("“Первая строка…”"), "an author's text stays as it is: {shown}");
    }
}

#[test]
fn programs_get_the_same_in_every_language() {
    let station = station();
    for arguments in [&["inbox"] as &[&str], &["status"], &["show", "rus/Z/2"], &["send", "x"]] {
        let english = station.run(&[arguments, &["--json"]].concat());
        for tongue in TONGUES {
            let left = station.run(&[&["--words", tongue], arguments, &["--json"]].concat());
            assert_eq!((left.code, left.out, left.err), (Some(0), english.out.clone(), english.err.clone()));
        }
    }
    let refusing =
        FakeStation::but("POST /v1/lines/syria/entries", || refused(409, "NotPermitted", "a suspension"));
    let english = refusing.run(&["send", "x", "--json"]);
    for tongue in TONGUES {
        let left = refusing.run(&["--words", tongue, "send", "x", "--json"]);
        assert_eq!((left.code, left.out, left.err), (Some(1), String::new(), english.err.clone()));
    }
}

#[test]
fn what_is_sent_is_named_alike_and_its_fate_told_in_words() {
    let station = station();
    for (tongue, fate) in [
        ("en", "durable here; it goes out by itself"),
        ("fr", "enregistré ici ; cela part de soi-même"),
        ("ru", "сохранено здесь; уйдёт само"),
        ("ar", "محفوظ هنا، ويخرج من تلقاء نفسه"),
        ("zh", "已在此持久保存；会自行发出"),
    ] {
        let left = station.run(&["--words", tongue, "send", "x"]);
        // Scripts go on with the entry's name.
        assert_eq!(left.out, "usa/Z/3\n", "{tongue}");
        assert_eq!(without_unseen(&left.err), format!("{fate}\n"));
    }
}

#[test]
fn a_refusal_says_what_to_do_in_the_readers_language() {
    let answer = || {
        json!({"error": "NotPermitted", "what": "permission", "expected": "a line that is open for this kind of entry",
            "found": "suspended by rus/A/1; only acts, acknowledgements, tests and safety of life pass",
            "hint": "propose the reopening, or send it as FLASH with --safety-of-life if lives depend on it"})
    };
    let station = FakeStation::but("POST /v1/lines/syria/entries", move || {
        crate::fake_station::Answer::Text(409, answer().to_string())
    });
    for (tongue, said) in [
        (
            "en",
            "error: NotPermitted: permission: expected a line that is open for this kind of entry, found suspended by rus/A/1; only acts, acknowledgements, tests and safety of life pass\n hint: propose the reopening, or send it as FLASH with --safety-of-life if lives depend on it\n",
        ),
        (
            "fr",
            "erreur : NotPermitted: permission : attendu : une ligne ouverte à ce genre d’écriture ; trouvé : suspendue par rus/A/1 ; seuls passent les actes, accusés de réception, essais et la sauvegarde de la vie\n conseil : proposez la réouverture, ou envoyez-le en FLASH avec `--safety-of-life` si des vies en dépendent\n",
        ),
        (
            "zh",
            "错误：NotPermitted: 许可：应为：对此类条目开放的线路；实为：依 rus/A/1 暂停；只有行为、确认、测试和生命安全可通过\n 建议：请提议重新开放；如关乎生命，请以 FLASH 加 `--safety-of-life` 发送\n",
        ),
    ] {
        assert_eq!(station.run(&["--words", tongue, "send", "x"]).err, said);
    }
}

#[test]
fn the_language_is_that_of_the_option_or_of_the_environment() {
    let station = station();
    let with = |variables: &[(&str, &str)], arguments: &[&str]| {
        let mut command =
            crate::fake_station::detente(station.home(), &[&["show", "rus/Z/2"], arguments].concat());
        command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env_remove("LANG");
        command.envs(variables.iter().copied());
        let out = crate::fake_station::run(command).out;
        ["from  ", "de  ", "от  ", "来自  "]
            .into_iter()
            .find(|word| out.contains(&format!("\n{word}")))
            .map(str::trim)
    };
    let fr = ("DETENTE_LANGUAGE", "fr");
    assert_eq!(with(&[], &[]), Some("from"));
    assert_eq!(with(&[("LANG", "fr_FR.UTF-8")], &[]), Some("de"));
    assert_eq!(with(&[("LANG", "fr_FR.UTF-8"), ("LC_MESSAGES", "ru_RU.UTF-8")], &[]), Some("от"));
    assert_eq!(with(&[("LC_MESSAGES", "ru_RU.UTF-8"), ("LC_ALL", "zh_CN.UTF-8")], &[]), Some("来自"));
    assert_eq!(with(&[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "C")], &[]), Some("from"));
    assert_eq!(with(&[("LANG", "fr_FR.UTF-8"), ("LC_ALL", "")], &[]), Some("de"));
    assert_eq!(with(&[("LC_ALL", "ru_RU.UTF-8"), fr], &[]), Some("de"));
    assert_eq!(with(&[("LC_ALL", "ru_RU.UTF-8"), fr], &["--words", "zh"]), Some("来自"));
    assert_eq!(with(&[("DETENTE_LANGUAGE", "tlh"), ("LANG", "fr")], &[]), Some("de"));
    let wrong = station.run(&["--words", "tlh", "status"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.err.contains("invalid value 'tlh' for '--words <TAG>'"), "{}", wrong.err);
}
