const size = 1000;

const words = `
the of and a to in is was it for on with he be i by that at you are his had not this have from but which she
they or an her were there we their been has will one all would can if who more when said do what its so up
into no him some could them only time out my two then other now over also me like our such any first new may
these after most made about many where through how back much before your years should people way well
because very each still just those own must under here both between being never day same another know while
last might great old year off come since against go came right used take three states himself few house use
during without again place around however small found school every part once high upon war say world number
water course almost does get less enough better something public fact though best long city light far night
day sun moon sea river mountain fire stone iron glass bread egg milk salt sugar tea coffee garden flower
tree leaf bee bird dog cat horse fish car train road bridge ship bicycle wheel clock book page letter paper
word language question answer passage query document rank score model volcano volcanoes form rock magma heat
cold winter summer rain snow wind storm earth air energy power machine engine computer code test build run
file memory cache index search find keep boil rise fall turn open close begin end live work play read write
speak teach learn think believe doctor health heart blood brain cell virus vaccine cancer king queen law
court money bank price market company music song film art game team science history math theory physics
`
  .split(/\s+/)
  .filter(Boolean);
const suffixes = 's es ed ing er ers est ly ness ment tion tions able ful less al ism ist ity ous'.split(' ');
const consonants = [...'bcdfghjklmnpqrstvwxz'];
const pieces = (consonant: string, vowel: string) =>
  [consonant + vowel, vowel + consonant, `${consonant}${vowel}n`].flatMap((syllable) => [
    syllable,
    `##${syllable}`,
  ]);

/**
 * A WordPiece vocabulary of 1,000 tokens in BERT's order: special tokens at 0 and 100 to 103, then single
 * characters, words, endings and, to fill up, syllables.
 */
export function tinyVocabulary(): string[] {
  const unused = Array.from({ length: 99 }, (_, index) => `[unused${index}]`);
  const ascii = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).filter(
    (c) => c === c.toLowerCase(),
  );
  const letters = [...'abcdefghijklmnopqrstuvwxyz0123456789αβγδεσωабвгдежзийклмнопрстуя'];
  const others = [
    ...letters.filter((letter) => letter > '~'),
    ...'ßøđł火山水日本人大中國東京、。・가나다কกข',
  ];
  const syllables = consonants.flatMap((first) => [...'aeiou'].flatMap((vowel) => pieces(first, vowel)));
  const tokens = [
    '[PAD]',
    ...unused,
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...ascii,
    ...others,
    ...letters.map((letter) => `##${letter}`),
    ...words,
    ...suffixes.map((suffix) => `##${suffix}`),
    ...syllables,
  ];
  const distinct = [...new Set(tokens)];
  if (distinct.length < size)
    throw new Error(`the tiny vocabulary needs ${size} tokens, has ${distinct.length}`);
  return distinct.slice(0, size);
}
