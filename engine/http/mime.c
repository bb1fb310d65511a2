/* SPDX-License-Identifier: MIT */
#include "http/mime.h"

#include "base/mem.h"

#define EXTENSION_LONGEST 16

struct row {
    const char *extension, *value;
};

/* In byte order. */
static const struct row types[] = {
    /* clang-format off */
    {"3g2", "audio/3gpp2"},
    {"3gp", "video/3gpp"},
    {"3gpp", "audio/3gpp"},
    {"3gpp2", "audio/3gpp2"},
    {"7z", "application/x-7z-compressed"},
    {"a", "application/octet-stream"},
    {"aac", "audio/aac"},
    {"adts", "audio/aac"},
    {"ai", "application/postscript"},
    {"aif", "audio/x-aiff"},
    {"aifc", "audio/x-aiff"},
    {"aiff", "audio/x-aiff"},
    {"apk", "application/vnd.android.package-archive"},
    {"appcache", "text/cache-manifest"},
    {"ass", "audio/aac"},
    {"atom", "application/atom+xml"},
    {"au", "audio/basic"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bat", "text/plain"},
    {"bcpio", "application/x-bcpio"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"c", "text/plain"},
    {"cdf", "application/x-netcdf"},
    {"cpio", "application/x-cpio"},
    {"csh", "application/x-csh"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"dll", "application/octet-stream"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"dot", "application/msword"},
    {"dvi", "application/x-dvi"},
    {"eml", "message/rfc822"},
    {"eot", "application/vnd.ms-fontobject"},
    {"eps", "application/postscript"},
    {"epub", "application/epub+zip"},
    {"etx", "text/x-setext"},
    {"exe", "application/octet-stream"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"gpx", "application/gpx+xml"},
    {"gtar", "application/x-gtar"},
    {"h", "text/plain"},
    {"h5", "application/x-hdf5"},
    {"hdf", "application/x-hdf"},
    {"heic", "image/heic"},
    {"heif", "image/heif"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"ief", "image/ief"},
    {"iso", "application/x-iso9660-image"},
    {"jar", "application/java-archive"},
    {"jpe", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"kml", "application/vnd.google-earth.kml+xml"},
    {"ksh", "text/plain"},
    {"latex", "application/x-latex"},
    {"loas", "audio/aac"},
    {"log", "text/plain"},
    {"lua", "text/x-lua"},
    {"m1v", "video/mpeg"},
    {"m3u", "application/vnd.apple.mpegurl"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"man", "application/x-troff-man"},
    {"map", "application/json"},
    {"md", "text/markdown"},
    {"me", "application/x-troff-me"},
    {"mht", "message/rfc822"},
    {"mhtml", "message/rfc822"},
    {"mid", "audio/midi"},
    {"midi", "audio/midi"},
    {"mif", "application/x-mif"},
    {"mjs", "text/javascript"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"movie", "video/x-sgi-movie"},
    {"mp2", "audio/mpeg"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpa", "video/mpeg"},
    {"mpe", "video/mpeg"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"ms", "application/x-troff-ms"},
    {"n3", "text/n3"},
    {"nc", "application/x-netcdf"},
    {"nq", "application/n-quads"},
    {"nt", "application/n-triples"},
    {"nws", "message/rfc822"},
    {"o", "application/octet-stream"},
    {"obj", "application/octet-stream"},
    {"oda", "application/oda"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"p12", "application/x-pkcs12"},
    {"p7c", "application/pkcs7-mime"},
    {"pbm", "image/x-portable-bitmap"},
    {"pdf", "application/pdf"},
    {"pfx", "application/x-pkcs12"},
    {"pgm", "image/x-portable-graymap"},
    {"pl", "text/plain"},
    {"png", "image/png"},
    {"pnm", "image/x-portable-anymap"},
    {"pot", "application/vnd.ms-powerpoint"},
    {"ppa", "application/vnd.ms-powerpoint"},
    {"ppm", "image/x-portable-pixmap"},
    {"pps", "application/vnd.ms-powerpoint"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"pwz", "application/vnd.ms-powerpoint"},
    {"py", "text/x-python"},
    {"pyc", "application/x-python-code"},
    {"pyo", "application/x-python-code"},
    {"qt", "video/quicktime"},
    {"ra", "audio/x-pn-realaudio"},
    {"ram", "application/x-pn-realaudio"},
    {"rar", "application/vnd.rar"},
    {"ras", "image/x-cmu-raster"},
    {"rdf", "application/xml"},
    {"rgb", "image/x-rgb"},
    {"roff", "application/x-troff"},
    {"rss", "application/rss+xml"},
    {"rtf", "application/rtf"},
    {"rtx", "text/richtext"},
    {"sgm", "text/x-sgml"},
    {"sgml", "text/x-sgml"},
    {"sh", "application/x-sh"},
    {"shar", "application/x-shar"},
    {"snd", "audio/basic"},
    {"so", "application/octet-stream"},
    {"sqlite3", "application/vnd.sqlite3"},
    {"src", "application/x-wais-source"},
    {"srt", "text/plain"},
    {"sv4cpio", "application/x-sv4cpio"},
    {"sv4crc", "application/x-sv4crc"},
    {"svg", "image/svg+xml"},
    {"swf", "application/x-shockwave-flash"},
    {"t", "application/x-troff"},
    {"tar", "application/x-tar"},
    {"tcl", "application/x-tcl"},
    {"tex", "application/x-tex"},
    {"texi", "application/x-texinfo"},
    {"texinfo", "application/x-texinfo"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"toml", "application/toml"},
    {"tr", "application/x-troff"},
    {"trig", "application/trig"},
    {"tsv", "text/tab-separated-values"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"ustar", "application/x-ustar"},
    {"vcf", "text/vcard"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/x-wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"wiz", "application/msword"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"wsdl", "application/xml"},
    {"xbm", "image/x-xbitmap"},
    {"xhtml", "application/xhtml+xml"},
    {"xlb", "application/vnd.ms-excel"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "text/xml"},
    {"xpdl", "application/xml"},
    {"xpm", "image/x-xpixmap"},
    {"xsl", "application/xml"},
    {"xwd", "image/x-xwindowdump"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    /* clang-format on */
};

static const struct row encodings[] = {
    {"br", "br"}, {"bz2", "bzip2"},  {"gz", "gzip"},
    {"xz", "xz"}, {"z", "compress"}, {"zst", "zstd"},
};

/* Short forms of "tar." and a coding. */
static const struct row tars[] = {
    {"taz", "gzip"}, {"tbz2", "bzip2"}, {"tgz", "gzip"}, {"txz", "xz"}, {"tz", "gzip"},
};

static struct str find(const struct row *rows, size_t n, struct str extension)
{
    char lower[EXTENSION_LONGEST];
    size_t low = 0;
    if (extension.n > sizeof lower)
        return STR_NULL;
    for (size_t i = 0; i < extension.n; i++)
        lower[i] = char_lower(extension.p[i]);
    extension.p = lower;
    while (low < n) {
        size_t mid = (low + n) / 2;
        int c = str_cmp(extension, str_from(rows[mid].extension));
        if (c == 0)
            return str_from(rows[mid].value);
        if (c < 0)
            n = mid;
        else
            low = mid + 1;
    }
    return STR_NULL;
}

#define FIND(rows, extension) find(rows, sizeof(rows) / sizeof *(rows), extension)

/* Cuts ".ext" off the name; empty when there is none (".htaccess" has none). */
static struct str take_extension(struct str *name)
{
    for (size_t i = name->n; i-- > 1 && name->p[i] != '/';) {
        if (name->p[i] != '.' || name->p[i - 1] == '/')
            continue;
        struct str extension = str_skip(*name, i + 1);
        *name = str_head(*name, i);
        return extension;
    }
    return STR("");
}

struct mime mime_guess(struct str filename)
{
    struct str extension = take_extension(&filename);
    struct str packed = FIND(tars, extension);

    if (packed.p)
        return (struct mime){STR("application/x-tar"), packed};
    if (str_ieq(extension, STR("svgz")))
        return (struct mime){STR("image/svg+xml"), STR("gzip")};
    struct mime found = {STR_NULL, FIND(encodings, extension)};
    if (found.encoding.p)
        extension = take_extension(&filename);
    if (extension.n)
        found.type = FIND(types, extension);
    return found;
}

bool mime_compressible(struct str content_type)
{
    static const struct str others[] = {
        STR_INIT("application/json"),
        STR_INIT("application/javascript"),
        STR_INIT("application/xml"),
        STR_INIT("application/wasm"),
        STR_INIT("application/yaml"),
        STR_INIT("application/toml"),
        STR_INIT("application/x-sh"),
        STR_INIT("application/rtf"),
        STR_INIT("image/bmp"),
        STR_INIT("image/vnd.microsoft.icon"),
        STR_INIT("font/ttf"),
        STR_INIT("font/otf"),
        STR_INIT("application/x-x509-ca-cert"),
        STR_INIT("application/x-javascript"),
        STR_INIT("application/x-ndjson"),
        STR_INIT("application/vnd.ms-fontobject"),
    };
    struct str type = str_trim(str_head(content_type, str_index(content_type, ';')));
    if (str_ieq(str_head(type, 5), STR("text/")) || str_ends(type, STR("+json")) ||
        str_ends(type, STR("+xml")))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (str_ieq(type, others[i]))
            return true;
    return false;
}
