/* SPDX-License-Identifier: MIT */
#include "value/language.h"

#define LANGUAGE(code, name, name_local, bidi)                                                     \
    {                                                                                              \
        STR_INIT(code), STR_INIT(name), STR_INIT(name_local), bidi                                 \
    }

static const struct language languages[] = {
    /* by code */
    LANGUAGE("af", "Afrikaans", "Afrikaans", false),
    LANGUAGE("ar", "Arabic", "العربيّة", true),
    LANGUAGE("ar-dz", "Algerian Arabic", "العربية الجزائرية", true),
    LANGUAGE("ast", "Asturian", "asturianu", false),
    LANGUAGE("az", "Azerbaijani", "Azərbaycanca", true),
    LANGUAGE("be", "Belarusian", "беларуская", false),
    LANGUAGE("bg", "Bulgarian", "български", false),
    LANGUAGE("bn", "Bengali", "বাংলা", false),
    LANGUAGE("br", "Breton", "brezhoneg", false),
    LANGUAGE("bs", "Bosnian", "bosanski", false),
    LANGUAGE("ca", "Catalan", "català", false),
    LANGUAGE("ckb", "Central Kurdish (Sorani)", "کوردی", true),
    LANGUAGE("cs", "Czech", "česky", false),
    LANGUAGE("cy", "Welsh", "Cymraeg", false),
    LANGUAGE("da", "Danish", "dansk", false),
    LANGUAGE("de", "German", "Deutsch", false),
    LANGUAGE("dsb", "Lower Sorbian", "dolnoserbski", false),
    LANGUAGE("el", "Greek", "Ελληνικά", false),
    LANGUAGE("en", "English", "English", false),
    LANGUAGE("en-au", "Australian English", "Australian English", false),
    LANGUAGE("en-gb", "British English", "British English", false),
    LANGUAGE("eo", "Esperanto", "Esperanto", false),
    LANGUAGE("es", "Spanish", "español", false),
    LANGUAGE("es-ar", "Argentinian Spanish", "español de Argentina", false),
    LANGUAGE("es-co", "Colombian Spanish", "español de Colombia", false),
    LANGUAGE("es-mx", "Mexican Spanish", "español de Mexico", false),
    LANGUAGE("es-ni", "Nicaraguan Spanish", "español de Nicaragua", false),
    LANGUAGE("es-ve", "Venezuelan Spanish", "español de Venezuela", false),
    LANGUAGE("et", "Estonian", "eesti", false),
    LANGUAGE("eu", "Basque", "Basque", false),
    LANGUAGE("fa", "Persian", "فارسی", true),
    LANGUAGE("fi", "Finnish", "suomi", false),
    LANGUAGE("fr", "French", "français", false),
    LANGUAGE("fy", "Frisian", "frysk", false),
    LANGUAGE("ga", "Irish", "Gaeilge", false),
    LANGUAGE("gd", "Scottish Gaelic", "Gàidhlig", false),
    LANGUAGE("gl", "Galician", "galego", false),
    LANGUAGE("he", "Hebrew", "עברית", true),
    LANGUAGE("hi", "Hindi", "हिंदी", false),
    LANGUAGE("hr", "Croatian", "Hrvatski", false),
    LANGUAGE("hsb", "Upper Sorbian", "hornjoserbsce", false),
    LANGUAGE("hu", "Hungarian", "Magyar", false),
    LANGUAGE("hy", "Armenian", "հայերեն", false),
    LANGUAGE("ia", "Interlingua", "Interlingua", false),
    LANGUAGE("id", "Indonesian", "Bahasa Indonesia", false),
    LANGUAGE("ig", "Igbo", "Asụsụ Ìgbò", false),
    LANGUAGE("io", "Ido", "ido", false),
    LANGUAGE("is", "Icelandic", "Íslenska", false),
    LANGUAGE("it", "Italian", "italiano", false),
    LANGUAGE("ja", "Japanese", "日本語", false),
    LANGUAGE("ka", "Georgian", "ქართული", false),
    LANGUAGE("kab", "Kabyle", "taqbaylit", false),
    LANGUAGE("kk", "Kazakh", "Қазақ", false),
    LANGUAGE("km", "Khmer", "Khmer", false),
    LANGUAGE("kn", "Kannada", "Kannada", false),
    LANGUAGE("ko", "Korean", "한국어", false),
    LANGUAGE("ky", "Kyrgyz", "Кыргызча", false),
    LANGUAGE("lb", "Luxembourgish", "Lëtzebuergesch", false),
    LANGUAGE("lt", "Lithuanian", "Lietuviškai", false),
    LANGUAGE("lv", "Latvian", "latviešu", false),
    LANGUAGE("mk", "Macedonian", "Македонски", false),
    LANGUAGE("ml", "Malayalam", "മലയാളം", false),
    LANGUAGE("mn", "Mongolian", "Mongolian", false),
    LANGUAGE("mr", "Marathi", "मराठी", false),
    LANGUAGE("ms", "Malay", "Bahasa Melayu", false),
    LANGUAGE("my", "Burmese", "မြန်မာဘာသာ", false),
    LANGUAGE("nb", "Norwegian Bokmål", "norsk (bokmål)", false),
    LANGUAGE("ne", "Nepali", "नेपाली", false),
    LANGUAGE("nl", "Dutch", "Nederlands", false),
    LANGUAGE("nn", "Norwegian Nynorsk", "norsk (nynorsk)", false),
    LANGUAGE("no", "Norwegian", "norsk", false),
    LANGUAGE("os", "Ossetic", "Ирон", false),
    LANGUAGE("pa", "Punjabi", "Punjabi", false),
    LANGUAGE("pl", "Polish", "polski", false),
    LANGUAGE("pt", "Portuguese", "Português", false),
    LANGUAGE("pt-br", "Brazilian Portuguese", "Português Brasileiro", false),
    LANGUAGE("ro", "Romanian", "Română", false),
    LANGUAGE("ru", "Russian", "Русский", false),
    LANGUAGE("sk", "Slovak", "Slovensky", false),
    LANGUAGE("sl", "Slovenian", "Slovenščina", false),
    LANGUAGE("sq", "Albanian", "shqip", false),
    LANGUAGE("sr", "Serbian", "српски", false),
    LANGUAGE("sr-latn", "Serbian Latin", "srpski (latinica)", false),
    LANGUAGE("sv", "Swedish", "svenska", false),
    LANGUAGE("sw", "Swahili", "Kiswahili", false),
    LANGUAGE("ta", "Tamil", "தமிழ்", false),
    LANGUAGE("te", "Telugu", "తెలుగు", false),
    LANGUAGE("tg", "Tajik", "тоҷикӣ", false),
    LANGUAGE("th", "Thai", "ภาษาไทย", false),
    LANGUAGE("tk", "Turkmen", "Türkmençe", false),
    LANGUAGE("tr", "Turkish", "Türkçe", false),
    LANGUAGE("tt", "Tatar", "Татарча", false),
    LANGUAGE("udm", "Udmurt", "Удмурт", false),
    LANGUAGE("ug", "Uyghur", "ئۇيغۇرچە", true),
    LANGUAGE("uk", "Ukrainian", "Українська", false),
    LANGUAGE("ur", "Urdu", "اردو", true),
    LANGUAGE("uz", "Uzbek", "oʻzbek tili", false),
    LANGUAGE("vi", "Vietnamese", "Tiếng Việt", false),
    LANGUAGE("zh-hans", "Simplified Chinese", "简体中文", false),
    LANGUAGE("zh-hant", "Traditional Chinese", "繁體中文", false),
};

/* Codes of territories, for the script that is written there. */
static const struct str aliases[][2] = {
    {STR_INIT("zh-cn"), STR_INIT("zh-hans")}, {STR_INIT("zh-hk"), STR_INIT("zh-hant")},
    {STR_INIT("zh-mo"), STR_INIT("zh-hant")}, {STR_INIT("zh-my"), STR_INIT("zh-hans")},
    {STR_INIT("zh-sg"), STR_INIT("zh-hans")}, {STR_INIT("zh-tw"), STR_INIT("zh-hant")},
};

static const struct language *find(struct str code)
{
    size_t low = 0, high = sizeof languages / sizeof *languages;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = str_cmp(code, languages[mid].code);
        if (order == 0)
            return &languages[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct language *language_find(struct str code)
{
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (str_eq(code, aliases[i][0]))
            code = aliases[i][1];
    const struct language *found = find(code);
    return found ? found : find(str_head(code, str_index(code, '-')));
}
