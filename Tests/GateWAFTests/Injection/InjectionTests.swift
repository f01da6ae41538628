import GateWAF
import Testing

/// What the two detectors say of values chosen by hand; the oracle's tests compare the rest.
struct InjectionTests {
    @Test(arguments: [
        ("1 or 1=1", "1&1"), ("-1839' or '1'='1", "s&sos"), ("1 union all select 1", "1UE1"), ("admin'--", "sc"),
        ("1;drop table users", "1;Tnn"), ("1 and sleep(5)", "1&f(1"), ("1 /*!50000union*/ select 1", "X"),
        ("{`` a", "X"), ("foo' + 'bar", "sos"),
    ])
    func attacksHaveAFingerprint(value: String, fingerprint: String) throws {
        let found = try #require(sql(value))
        #expect(found.description == fingerprint)
        #expect(found.bytes == bytes(fingerprint))
        #expect(found.count == fingerprint.utf8.count)
    }

    @Test(arguments: [
        "", "a", "union", "select", "1", "2026", "O'Reilly", "sexy and 17", "hello world", "1 union",
        "text/html, */*;q=0.8",
        "user@example.com", "2026-11-25", "it's 5 o'clock", "\"foo\" + \"bar\"", "50% off - today", "C# and F#",
    ])
    func ordinaryTextHasNone(value: String) {
        #expect(sql(value) == nil)
    }

    @Test(arguments: [
        "<script>", "<img src=x onerror=y>", "\" onclick=\"x", "<a href=&#x6a;avascript:x>", "<!doctype html>",
        "<svg/>",
        "<a \0href=\"\u{1}java\0script:x\">", "'><iframe>", "<!-- ` -->", "<?import x>", "<p style=x>",
    ])
    func scriptIsFound(value: String) {
        #expect(isScript(bytes(value)))
    }

    @Test(arguments: [
        "", "<", "=", "a < b = c", "<b>bold</b>", "<a href=/path>", "x=1&y=2", "<p class=\"on\">", "<!-- note -->",
        "</script>",
    ])
    func ordinaryMarkupIsNot(value: String) {
        #expect(!isScript(bytes(value)))
    }

    @Test func aByteThatTheOracleTakesForTheEndHidesNothing() {
        #expect(isScript(bytes("<a ") + [0xff] + bytes(" onload=x>")))
    }

    @Test func theFirstThirtyOneBytesOfATokenCount() {
        let name = String(repeating: "a", count: 20)
        #expect(sql("1 union \(name)\(name)(1)") == sql("1 union b(1)"))
    }

    @Test func costPerByteIsFlatOnWhatFoldsForEver() {
        let units = [
            "(", "-", "1,", "'a'", "1+", "/*", "/*a*/", "a.", "`a", "$a$", "$a", "b'", "x'0", "q'(", "\\", "\\'", "{a ",
            "not ",
            "in ", "select ", "group ", "<", "<a ", "<!-", "-\0", "a='", "a=\"`'", "<![CDATA[", "]]", "<%", "%", "a=&#",
            "on=",
        ]
        for unit in units.map(bytes) {
            let isLinear = isFlat { size in
                let input = bytes("1<a ") + (0..<size).map { unit[$0 % unit.count] }
                return {
                    _ = SQLInjection.detect(input.span)
                    _ = ScriptInjection.detect(input.span)
                }
            }
            #expect(isLinear, "\(String(decoding: unit, as: UTF8.self))")
        }
    }

    private func sql(_ value: String) -> Fingerprint? {
        let value = bytes(value)
        return SQLInjection.detect(value.span)
    }

    private func isScript(_ value: [UInt8]) -> Bool { ScriptInjection.detect(value.span) }
}
