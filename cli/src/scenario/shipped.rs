//! The scenarios that travel inside the command, so that it plays them wherever it stands.

/// Name and text of each, the first one being played when none is named.
pub(crate) const SHIPPED: [(&str, &str); 3] = [
    ("april-2017", include_str!("../../../scenarios/april-2017/scenario.toml")),
    ("deir-ez-zor-2016", include_str!("../../../scenarios/deir-ez-zor-2016/scenario.toml")),
    ("security-council-2017", include_str!("../../../scenarios/security-council-2017/scenario.toml")),
];

/// The text of a shipped scenario.
pub(crate) fn shipped(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(of, _)| *of == name).map(|(_, text)| *text)
}
