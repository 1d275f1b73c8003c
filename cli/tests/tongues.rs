//! Two real stations, and officers who read them in their own languages.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod parties;

use parties::two_connected;

/// What is said without what nobody sees: the isolates and marks that are ours.
fn seen(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{2066}' | '\u{2068}' | '\u{2069}' | '\u{200F}')).collect()
}

#[test]
fn each_officer_reads_the_line_in_their_own_language() {
    let ([usa, rus], _stations) = two_connected();
    // The station of the one speaks Russian to its officers, by the environment; nothing of that is on the line.
    let mut command =
        rus.command(&["send", "--precedence", "flash", "--wait=120", "Самолёт\u{202E} в районе."]);
    command.env("DETENTE_LANGUAGE", "ru");
    let sent = parties::finish(command);
    assert_eq!((sent.code, sent.out.as_str()), (Some(0), "rus/Z/1\n"), "{}", sent.err);
    assert_eq!(sent.err, "сохранено здесь; получено: usa\n");

    for (tongue, inbox, from, status, kind) in [
        ("ar", "المطلوب منّا  1", "رسالة من rus، watch officer", "● مفتوح: كل الأطراف مستعدة", "رسالة"),
        ("zh", "待办  1", "电文，来自 rus，watch officer", "● 畅通：各方都愿意", "电文"),
        (
            "fr",
            "DÛ  1",
            "message de rus, watch officer",
            "● ouverte : toutes les parties sont disposées",
            "message",
        ),
        ("ru", "ЗА НАМИ  1", "сообщение от rus, watch officer", "● открыта: все стороны готовы", "сообщение"),
    ] {
        let said = |arguments: &[&str]| usa.done(&[&["--words", tongue], arguments].concat());
        let owed = said(&["inbox"]);
        assert!(seen(&owed).contains(inbox) && seen(&owed).contains(from), "{tongue}: {owed}");
        // The author's words stay the author's, and what would turn them is shown.
        assert!(owed.contains("Самолёт⟨U+202E⟩ в районе."), "{tongue}: {owed}");
        assert_eq!(owed.contains('\u{2068}'), tongue == "ar", "{owed}");
        let stands = said(&["status"]);
        assert!(seen(&stands).contains(status), "{tongue}: {stands}");
        let shown = said(&["show", "rus/Z/1"]);
        assert!(seen(&shown).lines().next().is_some_and(|line| line.ends_with(kind)), "{tongue}: {shown}");
        assert_eq!(said(&["show", "rus/Z/1", "--json"]), usa.done(&["show", "rus/Z/1", "--json"]));
        assert!(seen(&usa.watching(&["--words", tongue]).says("⟨U+202E⟩")).contains(from), "{tongue}");
    }

    // What is refused is said in the reader's words, with what to do.
    usa.done(&["suspend", "--reason", "A strike.", "--wait=120"]);
    let refused = usa.run(&["--words", "fr", "send", "Nothing passes."]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.starts_with("erreur : NotPermitted: "), "{}", refused.err);
    assert!(refused.err.contains("trouvé : suspendue par usa/A/1 ; "), "{}", refused.err);
    assert!(refused.err.contains("\n conseil : proposez la réouverture, ou "), "{}", refused.err);
    let standing = seen(&usa.done(&["--words", "zh", "standing"]));
    assert!(standing.contains("✗ 依 usa/A/1 暂停"), "{standing}");
}
