"""Texts the golden scripts draw from, written for this repository: a list for each class of text."""

CLASSES = {
    'english': [
        'The tide rises twice a day because the Moon pulls the near ocean a little harder than the far one.',
        'Bread keeps longer in a paper bag than in the fridge, where the starch turns stale within hours.',
        "Don't shout; the bats won't hear you, but the neighbours' dog certainly will.",
        'A rolling stone gathers no moss, said the geologist, who had never met this particular hillside.',
        'Unbelievably, the self-taught watchmaker re-engineered the micro-escapement overnight.',
        'how long should i boil an egg for a soft yolk', 'what makes the sky red at sunset',
        'Antidisestablishmentarianism is longer than most of the arguments for it.',
    ],
    'accents': [
        'Crème brûlée à la façon de Zoë, s\u2019il vous plaît', 'naïve façade résumé coöperate',
        'Ångström, Øresund, smørrebrød, Łódź, Đorđe', 'Çok güzel şehir: Eskişehir',
        'señor años mañana pingüino', 'e\u0301te\u0301 de\u0301ja\u0300 vu', 'A\u030angstro\u0308m n\u0303',
        '\u00e9 and e\u0301 are the same letter', 'ñandú ÑANDÚ n\u0303andu\u0301',
        'Dvořák, Škvorecký, Žižkov, Háječek',
    ],
    'vietnamese': [
        'Thành phố Hồ Chí Minh có bao nhiêu người?', 'Núi lửa hình thành như thế nào',
        'Phở bò được nấu từ xương bò và quế.', 'đường phố Đà Nẵng ƯỚC MƠ ợ ữ ệ',
    ],
    'turkish': [
        'İstanbul Boğazı iki denizi birleştirir.', 'IĞDIR ısı ışık İnci ilik', 'DİYARBAKIR Iğdır İİİ ııı',
        'Çığ düştüğünde kayıp İSİMLER', 'i\u0307 İ I ı',
    ],
    'german': [
        'Straße, STRASSE, STRAẞE: drei Schreibweisen', 'Donaudampfschifffahrtsgesellschaftskapitän',
        'Wie entstehen Vulkane? Über heißem Gestein.', 'ẞ ß SS ss', 'Äpfel, Öl und Übermut',
    ],
    'greek': [
        'Ο ΣΊΣΥΦΟΣ ΚΑΙ Ο ΟΔΥΣΣΕΎΣ', 'οδυσσεύς και Σωκράτης, ΣΟΦΌΣ', 'ΣΑΣ ΣΑΣ. ΣΑΣ, Σ ς σ', 'ΆΛΦΑ ΒΉΤΑ ΓΆΜΜΑΣ',
        'Πώς σχηματίζονται τα ηφαίστεια;', 'ὀδυσσεὺς ἐν ᾧ', "ΑΣ'Σ ΑΣ-ΑΣ ΌΧΙΣΣ",
        'ΣΣ ΑΣ1 1ΑΣ ΑΣ\u0301 ΑΣ\u200d',
    ],
    'cyrillic': [
        'Как образуются вулканы?', 'Съешь ещё этих мягких французских булок', 'ЙОГУРТ ЁЖИК йогурт ёжик',
        'Їжак єсть ґава', 'Љубав и Ђорђе, Ћирило', 'Ѫжє Ѣ Ѳ',
    ],
    'arabic': [
        'كيف تتكون البراكين؟', 'اللُّغَةُ العَرَبِيَّةُ جَمِيلَةٌ', 'السعر ١٢٣٫٤٥ ريال، تقريبًا؛ نعم!',
        'أإآؤئء ة ى لا', 'الله ﷲ ﷺ', 'abc عربي 123 إنجليزي xyz',
    ],
    'hebrew': ['איך נוצרים הרי געש?', 'שָׁלוֹם עֲלֵיכֶם', '"צה״ל" ר׳ כהן', 'מחיר: 12.50 ₪'],
    'thai': ['ภูเขาไฟเกิดขึ้นได้อย่างไร', 'น้ำใจ กำลัง เก็บ', 'ราคา ๑๒๓ บาท ฯลฯ', 'กรุงเทพมหานคร ABC ไทย'],
    'devanagari': [
        'ज्वालामुखी कैसे बनते हैं?', 'क्षत्रिय ज्ञान श्री क़ ख़ ग़', 'मूल्य १२३ रुपये।', 'हिन्दी में लिखो॥ ॐ',
    ],
    'other-scripts': [
        'எரிமலைகள் எவ்வாறு உருவாகின்றன?', 'আগ্নেয়গিরি কীভাবে তৈরি হয়?', 'ვულკანი როგორ წარმოიქმნება',
        'Ինչպե՞ս են առաջանում հրաբուխները', 'እሳተ ገሞራ እንዴት ይፈጠራል?', 'ཨོཾ་མ་ཎི་པདྨེ་ཧཱུྃ།', 'ភ្នំភ្លើង',
        'ᚠᚢᚦᚨᚱᚲ runes',
    ],
    'korean': ['화산은 어떻게 만들어지나요?', '서울특별시 강남구', '\u1112\u1161\u11ab\u1100\u1173\u11af 한글', '값 읽다 ㅋㅋㅋ'],
    'cjk': [
        '火山是怎样形成的？', '東京都の人口は何人ですか', '日本語とEnglishの混在テキスト', '「引用」、『書名』。《书》！', 'ガギグゲゴ パピプペポ ｶﾞｷﾞ',
        '豈更車賈 \uf900\uf901', '〇一二三 ㈱ ㍻ ㊙', '々〆ヶ ゛゜', 'か\u3099き\u3099',
    ],
    'cjk-astral': [
        '\U00020000\U00020001好', 'a\U00020bb7野家b', '\U0002a6d6\U0002a6d7x', '\U0002a700\U0002b740\U0002b820',
        '\U0002b91f\U0002b920\U0002ceaf\U0002ceb0', '\U0002f800\U0002fa1d字', '名前は\U00020bb7田です',
        '\U0001f200\U00020000\U0001f600',
    ],
    'emoji': [
        'I \u2764\ufe0f volcanoes \U0001f30b!',
        '\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family', '\U0001f44d\U0001f3fd ok',
        '\U0001f1fa\U0001f1f3\U0001f1ea\U0001f1fa', '1\ufe0f\u20e3 first, #\ufe0f\u20e3 last',
        '\U0001f3f4\u200d\u2620\ufe0f', ':) :-( ¯\\_(ツ)_/¯',
        '\U0001f9d1\U0001f3ff\u200d\U0001f680 launch\U0001f680launch', '\u263a\ufe0e\u2603\u26c4',
        '\U0001f600\U0001f600\U0001f600',
    ],
    'control': [
        'a\x01b\x02c', 'bell\x07bell', 'escape \x1b[31mred\x1b[0m', 'del\x7fete', 'c1\x80\x85\x9fend',
        'form\x0cfeed\x0bvertical', 'soft\u00adhyphen', '\ufffd replacement \ufffd',
        '\ufff9anno\ufffatation\ufffb', 'tag\U000e0041\U000e007f', '\x1c\x1d\x1e\x1f',
    ],
    'nul': ['\x00', 'nul\x00in\x00words', '\x00 at start', 'at end \x00', '\x00\x00\x00'],
    'zero-width': [
        'zero\u200bwidth\u200cnon\u200djoiner', '\ufeffbyte order mark', 'word\u2060joiner',
        '\u200e\u200fmarks\u202aembed\u202c', '\u2066isolate\u2069 \u061c', 'a\u180eb', '\u200b',
        '\u034f grapheme\u034fjoiner', '\ufe0f\ufe0e',
    ],
    'whitespace': [
        ' ', '   ', '\t', '\n', '\r\n', 'tab\tseparated\tvalues', 'line\nline\r\nline\rline',
        'nbsp\u00a0here\u202fand\u2007here', 'em\u2003en\u2002thin\u2009hair\u200a', 'ideographic\u3000space',
        'line\u2028separator\u2029paragraph', '  lead and trail  ', 'ogham\u1680space', '\u205fmath space',
    ],
    'special-tokens': [
        '[SEP]', '[CLS] hello [SEP]', '[MASK]', 'a [MASK] b', 'word[SEP]word', '[sep] [Sep] [SEP ] [ SEP]',
        '[[SEP]]', '[SEP][SEP]', '[UNK]', '[PAD][PAD] x', '[unused1] [unused99]', 'arr[CLS]', '[SEP', 'SEP]',
        '[MASK]ed man', '[\u200bSEP]', '[SEP\u0301]', '\u00e9[SEP]\u00e9', '<s> </s> <pad> <|endoftext|>',
        '[C] [P] [M] [U] [S]', '##ing ##s ##', '[\u0421LS]',
    ],
    'long-words': [
        'a' * 99, 'a' * 100, 'a' * 101, 'x' + 'ab' * 120, 'pneumonoultramicroscopicsilicovolcanoconiosis' * 2,
        'pneumonoultramicroscopicsilicovolcanoconiosis' * 3, 'é' * 100, 'é' * 101, 'e\u0301' * 100, 'ß' * 100,
        'short ' + 'z' * 150 + ' short', '0123456789' * 10, '0123456789' * 11, '字' * 105, '-' * 105,
        'da39a3ee5e6b4b0d3255bfef95601890afd80709' * 3, '\U00010400' * 60, '\U0001d54f' * 101, 'я' * 100,
        'я' * 101,
    ],
    'fullwidth': ['ＡＢＣ　ｄｅｆ　１２３', 'Ｆｕｌｌ－ｗｉｄｔｈ，ｔｅｘｔ！', '￥１００ ￡ ￦', 'ｱｲｳｴｵ ﾊﾟ', '（ｔｅｓｔ）［］｛｝'],
    'case': [
        'MiXeD cAsE TeXt', 'ALL CAPS TITLE', 'iPhone eBay McDonald', 'ǅ ǈ ǋ Ǆ ǆ', 'Ω Ω K Å', 'ﬁne ﬂow oﬃce ﬆ',
        'ŉ ǰ ΐ և', 'Ꭰ Ꮳ', 'ⅷ Ⅷ Ⓐ ⓐ', '\U00010400\U00010428', 'DŽ Dž ŒUVRE æther ÆTHER', 'ÿŸ ĳĲ ſ ẛ',
    ],
    'combining': [
        'Z\u0351\u036fa\u0300\u0316l\u0334g\u0322o\u0321', '\u0301alone', 'a\u0301\u0302\u0303\u0304',
        '\u0300\u0301\u0302', 'x\u20d7 y\u20dd', 'o\u0308o\u0324\u0308', 'q\u0307\u0323 q\u0323\u0307',
        '\u1e9b\u0323', '\u0958 \u0915\u093c', 'A\u0338B\u20e5',
    ],
    'private-use': [
        '\ue000', 'apple \uf8ff logo', '\U000f0000x\U0010fffd', '\ue000\ue001 text', 'icon\uf015home',
    ],
    'math': [
        '∀x∈ℝ: x² ≥ 0 ∧ √2 ∉ ℚ', '\U0001d400\U0001d401\U0001d402 \U0001d7d8\U0001d7d9', 'E = mc² ± 5% ≈ ∞',
        '∑∏∫ αβγ ∂f/∂x', '½ ⅓ ¼ ₂ ³ ⁻¹', 'x ≠ y; A ⊂ B; a ≮ b ≯ c', '10⁻³ µm μm', '−5 × 3 ÷ 2',
    ],
    'symbols': [
        '© ® ™ § ¶ † ‡ • …', '“quotes” ‘single’ «guillemets» „low‟', 'en–dash em—dash minus−',
        '→ ← ↔ ⇒ ■ ▲ ★', '€ £ ¥ ¢ ₹ ₿ ¤', '¡hola! ¿qué?', '´ ` ¨ ^ ~ ˜ ˆ', '٪ ، ؛ ؟ ‰ ‽',
    ],
    'punctuation': [
        '!!!???...', 'a.b,c;d:e', "it's John's o'clock 'quoted'", '(a)[b]{c}<d>', 'e-mail, state-of-the-art',
        '$5.00 + 10% = #1 & @home *now*', '~`^|\\_/', 'U.S.A. vs. e.g. i.e.', 'wait... what?!',
        'under_score kebab-case dot.case', '--flag=value -x', '"',
    ],
    'numbers': [
        '3.14159 1,000,000 1e-12 0xFF', '2024-02-29T23:59:59Z', '+1 (555) 010-9999', '192.168.0.1:8080 ::1',
        '1st 2nd 3rd 42nd', '007 00100 1/2 50%', '12345678901234567890', 'v1.2.3-rc.4+build5',
        '٠١٢٣ ०१२३ ๐๑๒๓',
    ],
    'code': [
        'const f = async (x) => { await g(x); };', 'for (int i = 0; i < n; ++i) a[i] += b[i] << 2;',
        'def f(*args, **kw):\n\treturn {k: v for k, v in kw.items()}',
        "SELECT * FROM t WHERE name LIKE '%x%';", '<div class="a b">text</div>',
        'git commit -m "fix: off-by-one"', '/^[a-z]+\\d{2,}$/gi',
        '#include <vector>\nstd::vector<int> v{1, 2};', '{"key": [1, 2.5, null, true]}',
        'rm -rf ./build && make -j$(nproc)',
    ],
    'urls': [
        'https://example.org/path/to/page?id=42&lang=en#top', 'mailto:someone@example.org',
        'C:\\Users\\me\\file.txt', '/usr/local/lib/node_modules', 'www.example.co.uk',
        'http://user:pass@[2001:db8::1]:8080/', 'data:text/plain;base64,SGVsbG8=', 'https://例え.example/パス',
    ],
    'empty': [''],
    'single-characters': [
        *'aZ09.[]#éßΣ字İı\U00020000\U0001f600', '\u0301', '\u00ad', '\ue000', '\u3000',
    ],
}
