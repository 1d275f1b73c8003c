//! Digits, separators and hemispheres of other scripts, told in those that the rest of this crate reads.
//!
//! Promises that what is unambiguous in Arabic, Russian or Ukrainian reads as its Latin counterpart, and that all else
//! passes unchanged, to be refused by whoever reads it (spec/exchange.md §2).

/// Words and letters that name a hemisphere, in lower case and without marks, and what they stand for. A letter that
/// begins two of them (Arabic shin: north, east) is in no list, and so is refused.
const HEMISPHERES: [(&str, &[&str]); 4] = [
    (
        "N",
        &[
            "north",
            "شمال",
            "شمالا",
            "شمالي",
            "с",
            "сш",
            "север",
            "северной",
            "північ",
            "північної",
            "пн",
            "пнш",
        ],
    ),
    (
        "S",
        &[
            "south",
            "ج",
            "جنوب",
            "جنوبا",
            "جنوبي",
            "ю",
            "юш",
            "юг",
            "южной",
            "південь",
            "південної",
            "пд",
            "пдш",
        ],
    ),
    ("E", &["east", "شرق", "شرقا", "شرقي", "в", "вд", "восток", "восточной", "схід", "східної", "сх", "схд"]),
    (
        "W",
        &[
            "west",
            "غ",
            "غرب",
            "غربا",
            "غربي",
            "з",
            "зд",
            "запад",
            "западной",
            "захід",
            "західної",
            "зх",
            "зхд",
        ],
    ),
];

/// "Of latitude" and "of longitude", which say nothing that the hemisphere does not.
const SILENT: [&str; 8] = ["ш", "д", "широты", "долготы", "широти", "довготи", "lat", "lon"];

/// A text with Western digits, `.` and `,`, and without marks that nobody sees.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| !is_mark(*c)).map(western).collect()
}

/// As [`plain`], and with hemispheres as `N`, `S`, `E`, `W`.
pub(crate) fn hemispheres(text: &str) -> String {
    let text = plain(text);
    let mut told = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find(char::is_alphabetic) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_alphabetic()).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        told.push_str(before);
        rest = after;
        let lower = word.to_lowercase();
        let named = HEMISPHERES.iter().find(|(_, words)| words.contains(&lower.as_str()));
        match named {
            Some((letter, _)) => told.push_str(letter),
            None if SILENT.contains(&lower.as_str()) => {}
            None => {
                told.push_str(word);
                continue;
            }
        }
        // An abbreviation's point: `с. ш.`
        rest = rest.strip_prefix('.').unwrap_or(rest);
    }
    told.push_str(rest);
    told
}

/// Whether it only changes how its neighbours look: vowels and stretches of Arabic, joiners, directions, a byte order.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{064B}'..='\u{0652}' | '\u{0640}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}' | '\u{061C}' | '\u{FEFF}')
}

fn western(c: char) -> char {
    let digit = |zero: u32| char::from_digit(u32::from(c).saturating_sub(zero), 10).unwrap_or(c);
    match c {
        '\u{0660}'..='\u{0669}' => digit(0x0660),
        '\u{06F0}'..='\u{06F9}' => digit(0x06F0),
        '\u{066B}' => '.',
        '\u{060C}' => ',',
        '\u{061B}' => ';',
        '\u{2212}' => '-',
        '\u{00A0}' | '\u{202F}' => ' ',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_separators_of_arabic() {
        assert_eq!(plain("٣٦٫٢٠٢١، ۳۷"), "36.2021, 37");
        assert_eq!(plain("−5\u{200f}"), "-5");
    }

    #[test]
    fn hemispheres_in_four_languages() {
        for (text, told) in [
            ("36° شمالاً 37° شرقاً", "36° N 37° E"),
            ("33 ج 70 غ", "33 S 70 W"),
            ("50° с. ш. 30° в. д.", "50° N  30° E "),
            ("50° пн.ш. 30° сх.д.", "50° N 30° E"),
            ("50° ПнШ 30° ЗхД", "50° N 30° W"),
            ("36 North 37 East", "36 N 37 E"),
            ("37SCA", "37SCA"),
            ("36 ش 37 ش", "36 ش 37 ش"),
        ] {
            assert_eq!(hemispheres(text), told, "{text}");
        }
    }
}
