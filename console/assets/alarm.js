// The sound of an alarm: two tones that go on until what rings is acknowledged, or its sound is silenced.

let context = null;
let ringing = null;

/** Whether this browser may sound. */
export const isArmed = () => context?.state === "running";

/** Arms the sound by a person's own act, which browsers ask for, and lets it be heard for a moment, unless it is to stay unheard. */
export async function arm(isHeard = true) {
  context ??= new AudioContext();
  await context.resume();
  if (isHeard) tone(0, 0.4);
  return isArmed();
}

function tone(after, length) {
  if (!isArmed()) return;
  for (const [frequency, at] of [[960, after], [770, after + length / 2]]) {
    const [source, gain] = [context.createOscillator(), context.createGain()];
    source.type = "square";
    source.frequency.value = frequency;
    gain.gain.value = 0.2;
    source.connect(gain).connect(context.destination);
    source.start(context.currentTime + at);
    source.stop(context.currentTime + at + length / 2);
  }
}

/** Rings until told otherwise. */
export function ring() {
  if (ringing !== null) return;
  tone(0, 0.6);
  ringing = setInterval(() => tone(0, 0.6), 1000);
}

/** Ends the ringing. */
export function hush() {
  clearInterval(ringing);
  ringing = null;
}
