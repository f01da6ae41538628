import GatePattern
import Testing

@Suite struct PatternTests {
    private func result(
        _ source: String, _ subject: [UInt8], _ kind: Pattern.Subject = .text, _ options: Pattern.Options = [],
        limits: MatchLimits = MatchLimits()
    ) throws -> PatternResult {
        try Pattern(source, subject: kind, options: options).matches(subject.span, in: MatchScratch(limits: limits))
    }

    private func result(_ source: String, _ subject: String, _ options: Pattern.Options = []) throws -> PatternResult {
        try result(source, Array(subject.utf8), .text, options)
    }

    @Test func aPatternIsFoundAnywhereUnlessItMustMatchTheWhole() throws {
        #expect(try result("b+", "abbc") == .match)
        #expect(try result("b+", "abbc", .wholeSubject) == .noMatch)
        #expect(try result("a|abbc", "abbc", .wholeSubject) == .match)
    }

    @Test func theEndIsTheVeryEndAndNotBeforeANewline() throws {
        #expect(try result("^/a$", "/a") == .match)
        #expect(try result("^/a$", "/a\n") == .noMatch)
        #expect(try result("/a", "/a\n", .wholeSubject) == .noMatch)
    }

    @Test func optionsChangeCaseDotAndLines() throws {
        #expect(try result("abc", "aBc") == .noMatch)
        #expect(try result("abc", "aBc", .caseInsensitive) == .match)
        #expect(try result("a.c", "a\nc") == .noMatch)
        #expect(try result("a.c", "a\nc", .dotMatchesNewline) == .match)
        #expect(try result("^c", "a\nc") == .noMatch)
        #expect(try result("^c", "a\nc", .multiline) == .match)
    }

    @Test func theEmptySubjectAndNULAreOrdinary() throws {
        #expect(try result("^$", "") == .match)
        #expect(try result("a", "") == .noMatch)
        #expect(try result(#"a\x00b"#, [0x61, 0, 0x62]) == .match)
    }

    /// attacks 37
    @Test(arguments: [[0xff], [0x61, 0xc0, 0xaf], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]])
    func aTextPatternFailsOnWhatIsNotUTF8(subject: [UInt8]) throws {
        #expect(try result("a", subject) == .failed(.invalidUTF8))
        #expect(try result("^[^a]*$", subject) == .failed(.invalidUTF8))
    }

    @Test func aBytePatternReadsEveryByte() throws {
        #expect(try result(#"^\xff.$"#, [0xff, 0x80], .bytes) == .match)
        #expect(try result("^..$", Array("é".utf8), .bytes) == .match)
        #expect(try result("^.$", Array("é".utf8), .text) == .match)
    }

    @Test(arguments: [("a(b", 3), ("[z-a]", 3), ("a{2,1}", 5), ("(?<n>a)(?<n>b)", 12)])
    func anExpressionThatDoesNotCompileSaysWhereAndWhy(source: String, offset: Int) throws {
        let error = #expect(throws: PatternError.self) { try Pattern(source) }
        #expect(error?.offset == offset)
        #expect(error?.message.isEmpty == false)
    }

    @Test func anExpressionCannotChangeItsKindOfSubject() {
        #expect(throws: PatternError.self) { try Pattern("(*UTF)a", subject: .bytes) }
        #expect(throws: PatternError.self) { try Pattern(#"a\C"#, subject: .text) }
    }

    @Test func theLengthOfAnExpressionIsBounded() throws {
        func members(_ count: Int) -> String { "[" + String(repeating: "a", count: count - 2) + "]" }
        _ = try Pattern(members(65_535))
        _ = try Pattern(members(65_536))
        let error = #expect(throws: PatternError.self) { try Pattern(members(65_537)) }
        #expect(error?.message == "the expression is longer than 65536 bytes")
    }

    /// attacks 61
    @Test func backtrackingWithoutEndStopsAtTheMatchLimit() throws {
        let subject = Array(repeating: UInt8(ascii: "a"), count: 200) + [UInt8(ascii: "!")]
        #expect(try result("^(a+)+$", subject) == .failed(.matchLimit))
        #expect(try result("(*NO_JIT)^(a+)+$", subject) == .failed(.matchLimit))
    }

    /// attacks 61
    @Test func aLongSubjectMayTakeMoreSteps() throws {
        let source = "(*NO_JIT)^(?:aaaaaaaa|b)*[cd]"
        let few = MatchLimits(matches: 100)
        let subject = Array(repeating: UInt8(ascii: "a"), count: 4097)
        #expect(try result(source, Array(subject.prefix(4096)), limits: few) == .failed(.matchLimit))
        #expect(try result(source, subject, limits: few) == .noMatch)
        #expect(try result("^(a+)+$", subject + [UInt8(ascii: "!")]) == .failed(.matchLimit))
    }

    @Test func anExpressionCannotRaiseItsLimits() throws {
        let subject = Array(repeating: UInt8(ascii: "a"), count: 200) + [UInt8(ascii: "!")]
        #expect(try result("(*LIMIT_MATCH=4000000000)^(a+)+$", subject) == .failed(.matchLimit))
    }

    @Test func machineCodeStopsAtItsStack() throws {
        let pattern = try Pattern("^(?:(a|b)*?c|(?1)d)*$", subject: .bytes)
        try #require(pattern.isJITCompiled)
        let subject = Array(repeating: UInt8(ascii: "a"), count: 100_000)
        let small = MatchLimits(matches: .max, jitStackBytes: 32 * 1024)
        #expect(pattern.matches(subject.span, in: MatchScratch(limits: small)) == .failed(.stackLimit))
    }

    @Test func theInterpreterAndMachineCodeAgree() throws {
        let subjects = ["", "/users/7", "/users/007/x", "/users/", "/USERS/7", "/users/7\n"]
        for source in ["^/users/[0-9]+$", "^/users/(?<id>[0-9]+)(/.*)?$", "(?i)^/users"] {
            let compiled = try Pattern(source)
            let interpreted = try Pattern("(*NO_JIT)" + source)
            #expect(compiled.isJITCompiled == MatchScratch.isJITBuiltIn)
            #expect(!interpreted.isJITCompiled)
            let scratch = MatchScratch()
            for subject in subjects {
                let bytes = Array(subject.utf8)
                let one = compiled.matches(bytes.span, in: scratch)
                let captures = (0..<4).map { scratch.capture($0) }
                #expect(interpreted.matches(bytes.span, in: scratch) == one)
                #expect((0..<4).map { scratch.capture($0) } == captures)
            }
        }
    }

    @Test func capturesGiveTheBytesOfEachGroup() throws {
        let pattern = try Pattern("^/([a-z]+)(/x)?/([0-9]+)$")
        #expect(pattern.captureCount == 3)
        let scratch = MatchScratch()
        let subject = Array("/users/42".utf8)
        #expect(pattern.matches(subject.span, in: scratch) == .match)
        #expect(scratch.captureCount == 4)
        #expect(scratch.capture(0) == 0..<9)
        #expect(scratch.capture(1) == 1..<6)
        #expect(scratch.capture(2) == nil)
        #expect(scratch.capture(3) == 7..<9)
        #expect(scratch.capture(4) == nil)
        #expect(scratch.capture(-1) == nil)
    }

    @Test func capturesOfAMatchDoNotOutliveIt() throws {
        let scratch = MatchScratch()
        let pattern = try Pattern("a")
        #expect(pattern.matches([0x61].span, in: scratch) == .match)
        #expect(pattern.matches([0x62].span, in: scratch) == .noMatch)
        #expect(scratch.captureCount == 0)
        #expect(scratch.capture(0) == nil)
    }

    @Test func moreGroupsThanAreKeptStillMatch() throws {
        let pattern = try Pattern("(a)(b)(c)(d)")
        let scratch = MatchScratch(limits: MatchLimits(captures: 3))
        let subject = Array("abcd".utf8)
        #expect(pattern.matches(subject.span, in: scratch) == .match)
        #expect(scratch.captureCount == 3)
        #expect(scratch.capture(2) == 1..<2)
        #expect(scratch.capture(3) == nil)
    }

    @Test func aSearchCanGoOnBehindTheLastMatch() throws {
        let pattern = try Pattern("[0-9]+")
        let scratch = MatchScratch()
        let subject = Array("a1b22".utf8)
        #expect(pattern.matches(subject.span, in: scratch, from: 2) == .match)
        #expect(scratch.capture(0) == 3..<5)
        #expect(pattern.matches(subject.span, in: scratch, from: 5) == .noMatch)
        #expect(pattern.matches(subject.span, in: scratch, from: 6) == .noMatch)
        #expect(pattern.matches(subject.span, in: scratch, from: -1) == .noMatch)
    }
}
