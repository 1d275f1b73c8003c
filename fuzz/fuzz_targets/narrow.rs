//! Forms of a serial line, one behind the other in a lane, do not make their reader panic; what it makes of one comes back from the
//! form that its sender would have given it.
#![no_main]

use detente_record::{LineId, Party};
use detente_station::circuit::{Forms, Last, Tests};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [one, other] = [0, 1].map(|number| Party::new(number).expect("a party"));
    let line = LineId([9; 32]);
    let (here, there) = (Forms::new(&line, one, other, true), Forms::new(&line, other, one, true));
    let (mut came, mut heard) = (Last::default(), Tests::default());
    let (mut said, mut sent) = (Last::default(), Tests::default());
    let (mut came_again, mut heard_again) = (Last::default(), Tests::default());
    let mut rest = bytes;
    // Each form has two bytes of length in front.
    while let Some((length, behind)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(behind.len());
        let (form, behind) = behind.split_at(length);
        rest = behind;
        let Ok(frame) = there.wide(form, &mut came, &mut heard) else { return };
        let form = here.narrow(&frame, &mut said, &mut sent);
        assert!(form.len() <= frame.len());
        assert_eq!(there.wide(&form, &mut came_again, &mut heard_again).as_ref(), Ok(&frame));
    }
});
