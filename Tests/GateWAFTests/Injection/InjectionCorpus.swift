import Foundation

/// Values to inspect: our own seeds, the requests of the Core Rule Set's regression tests, and mutations of both.
struct InjectionCorpus {
    static let sql: [String] = [
        "1 or 1=1", "1' or '1'='1", "1\" or \"1\"=\"1", "-1839' or '1'='1", "1 OR 1=1--", "admin'--", "admin' #",
        "' union select 1,2,3-- -", "1 union all select null,version(),user()#", "1;drop table users",
        "1; exec xp_cmdshell('dir')",
        "') or ('a'='a", "1) or (1=1", "1 and sleep(5)", "1' and benchmark(1000000,md5(1))#",
        "1/**/union/**/select/**/1",
        "1 /*!50000union*/ select 1", "/*/**/*/ 1", "1 order by 10--", "1 group by x having 1=1",
        "x' and email is null; --",
        "1 in (select 1)", "not in ('a')", "1 like (2)", "select like(1,2)", "user() = 1", "1 or user(1)", "if(1,2,3)",
        "1; if 1=1 waitfor delay '0:0:5'", "{`` a", "{foo 1} or 1", "1 collate latin1_swedish_ci = 2", "\\1 or \\%1",
        "1e or 1.e(1)",
        "0x31 or 0b11", "x'4142' or b'01'", "N'a' or E'b\\'' or U&'c'", "q'(a)' || nq'[b]'", "$$a$$ or $tag$b$tag$",
        "$1,000.00 or 1",
        "@@version or @a", "@`x` := 1", "[name] or [x", "`ascii`(1) or `select`", "select.1 from`a`",
        "1::int or 2::text",
        "foo' + 'bar", "\"foo\" + \"bar\"", "sexy and 17", "sexy and 17<18", "1 into outfile '/tmp/a'",
        "1 -- sp_password",
        "1 is not distinct from 2", "at time zone 'utc'", "1<=>1", "1 && 1 || 1", "1--x", "1-- x", "1#x", "1 /* x",
        "2024-01-01",
        "O'Reilly & Sons", "it's 5 o'clock", "https://example.com/a?b=c&d=e#f",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
        "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "hello world", "select a nice day", "union of two sets",
        "plain",
        "1 between 1 and 2", "case when 1=1 then 2 end", "1 xor 1", "1 div 1", "1 regexp 'a'", "exists(select 1)",
        "declare @a int",
        "(((1)))", "- - + ! not 1", "1,-sin(1)", "a.b.c", "1 and 1 and 1", "1;;2;;3", "'a' 'b' 'c'",
        "select distinct 1",
    ]

    static let script: [String] = [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<a href=javascript:alert(1)>",
        "<a href=\"&#106;avascript:x\">",
        "<a href='&#x6a;&#x61;va&#10;script:x'>", "'><svg/onload=x>", "\" onmouseover=\"x", "' style='x", "`onfocus=x",
        "x onclick=y",
        "<!--[if IE]><x>", "<!-- a ` b -->", "<!DOCTYPE html>", "<![CDATA[<x>]]><b>", "<?xml version=1?>",
        "<?import a>", "<!ENTITY a>",
        "<% foo %>", "<xss>", "<xsl:a>", "<b>bold</b>", "<p class=x>", "<a href=/x>", "a < b", "a=b", "1<2 and 3>2",
        "<",
        "<a/href=data:x>", "<a href=view-source:x>", "<a href=vbscript:x>", "<set attributename=onload>",
        "<a xmlns:x=y>",
        "<a xlink:href=z>", "</script>", "</ a>", "< a>", "<a\0b onload=1>", "<i\0frame>", "<form action=x>",
        "<form action=java:x>",
        "<a\thref\n=\r'java&#0;script:x'>", "<!-- -- > --!> <script>", "<!--\0->x", "--><script>",
        "<a b='c\" d=\"e' onload='f'/>",
    ]

    /// What mutations put in.
    static let fragments: [String] = [
        "'", "\"", "`", "\\", "(", ")", "((", "{", "}", "[", "]", ",", ";", ".", ":", "::", ":=", "=", "==", "<=>",
        "<>", "!=",
        "<", ">", "/", "*", "/*", "*/", "/*!", "--", "-- ", "--x", "#", "#\n", "\n", "\t", " ", "  ", "\u{a0}", "\0",
        "+", "-", "~", "!",
        "!!", "%", "^", "&", "&&", "|", "||", "@", "@@", "@a", "$", "$$", "$a$", "?", "1", "0x1", "0b1", "1e5", "1.e",
        "1.5", ".5",
        "2f", "a", "b'1'", "x'a'", "q'(", ")'", "N'", "e'", "u&'", "_latin1", "or", "and", "not", "in", "not in",
        "like", "union",
        "union all", "select", "from", "where", "group by", "order by", "having", "limit", "into outfile", "exists",
        "between",
        "is null", "is not", "case when", "if(", "user", "user(", "database(", "sleep(1)", "char(65)", "concat(",
        "version()", "int",
        "varchar", "collate a_b", "declare", "exec", "drop", "insert into", "delete", "update", "sp_password",
        "waitfor delay",
        "true", "null", "\\N", "select.1", "a.b", "sel`ect", "<script", "<a ", "<img ", "<svg", "</", "<!", "<!--",
        "-->", "--!>",
        "<?", "<%", "%>", "<![CDATA[", "]]>", "<!doctype", "href=", "src=", "style=", "onload=", "on", "xmlns",
        "attributename=",
        "javascript:", "java", "data:", "vbscript:", "view-source:", "&#", "&#x", "&#106;", "&#x6a;", ";", "import",
        "entity", "xml",
        "[if", "é", "中",
    ]

    let seeds: [[UInt8]]
    private let attacks: [[UInt8]]

    /// Our seeds and, from `folder`, every line of the Core Rule Set's tests that carries a payload, decoded as well.
    init(testData folder: String?) {
        attacks = (Self.sql + Self.script).map { Array($0.utf8) }
        var seeds = attacks
        for version in ["crs-3.3.4", "crs-4.28.0"] {
            guard let folder, let files = FileManager.default.enumerator(atPath: "\(folder)/\(version)/tests") else {
                continue
            }
            for case let name as String in files where name.hasSuffix(".yaml") {
                let text = (try? String(contentsOfFile: "\(folder)/\(version)/tests/\(name)", encoding: .utf8)) ?? ""
                for line in text.split(separator: "\n") {
                    guard let colon = line.firstIndex(of: ":") else { continue }
                    for value in Self.values(line[line.index(after: colon)...]) { seeds.append(value) }
                }
            }
        }
        self.seeds = Array(Set(seeds)).sorted { $0.lexicographicallyPrecedes($1) }
    }

    /// A line of a test as it stands, its parts behind `=` and `&`, and both with percent-encoding resolved.
    private static func values(_ line: Substring) -> [[UInt8]] {
        let bytes = Array(line.trimmingCharacters(in: CharacterSet(charactersIn: " \"'")).utf8)
        let parts = bytes.split { $0 == UInt8(ascii: "&") }.map { part in
            Array(part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false).last ?? part)
        }
        return ([bytes] + parts).flatMap { [$0, decoded($0)] }.filter { !$0.isEmpty }
    }

    private static func decoded(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return result
    }

    /// A value made of seeds and fragments.
    func mutation(_ random: inout Seeded) -> [UInt8] {
        var value = Array(seed(&random).prefix(200))
        for _ in 0...random.below(4) {
            let place = random.below(value.count + 1)
            let length = min(random.below(8), value.count - place)
            switch random.below(7) {
            case 0: value.removeSubrange(place..<place + length)
            case 1: value.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
            case 2: value = Array(value[place...] + value[..<place])
            case 3: value = Array(value[..<place] + seed(&random).prefix(100))
            case 4: value.insert(contentsOf: value[place..<place + length], at: random.below(value.count + 1))
            default: value.insert(contentsOf: Self.fragments[random.below(Self.fragments.count)].utf8, at: place)
            }
        }
        return value
    }

    private func seed(_ random: inout Seeded) -> [UInt8] {
        let list = random.below(2) == 0 ? attacks : seeds
        return list[random.below(list.count)]
    }
}
