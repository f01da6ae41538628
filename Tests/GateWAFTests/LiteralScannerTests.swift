import GateWAF
import Testing

@Suite struct LiteralScannerTests {
    /// The indices of the expressions that `scanner` lets pass for `value`.
    private func candidates(_ scanner: LiteralScanner, _ value: [UInt8]) -> [Int] {
        var answer = [UInt64](repeating: .max, count: scanner.wordCount)
        var span = answer.mutableSpan
        scanner.scan(value.span, into: &span)
        return (0..<scanner.expressionCount).filter { answer[$0 / 64] >> UInt64($0 % 64) & 1 != 0 }
    }

    @Test func expressionsPassWhoseConditionsHold() {
        let sources = ["select.+from", "<script", "^$", "['\"`].*;", "(?i)a{4,}", "x=.y", ".{8}"]
        let scanner = LiteralScanner(sources.map { RequiredLiterals(expression: $0) })
        #expect(candidates(scanner, bytes("")) == [2])
        #expect(candidates(scanner, bytes("SELECT * From t")) == [0, 2, 6])
        #expect(candidates(scanner, bytes("select")) == [2])
        #expect(candidates(scanner, bytes("<SCRIPT")) == [1, 2])
        #expect(candidates(scanner, bytes("a';")) == [2, 3])
        #expect(candidates(scanner, bytes("';")) == [2, 3])
        #expect(candidates(scanner, bytes("aAaA")) == [2, 4])
        #expect(candidates(scanner, bytes("x=1y")) == [2, 5])
        #expect(candidates(scanner, bytes("x=y")) == [2])
    }

    @Test func literalsAreFoundWhereverTheyStand() {
        var random = Seeded(state: 19)
        func text(_ bound: Int) -> [UInt8] { (0..<random.below(bound)).map { _ in UInt8(0x61 + random.below(3)) } }
        for _ in 0..<2000 {
            let sets = (0..<(1 + random.below(70))).map { _ in [text(7), text(7)].filter { !$0.isEmpty } }
            let scanner = LiteralScanner(sets.map { RequiredLiterals(phrases: $0) })
            let value = text(12).map { $0 ^ (random.below(2) == 0 ? 0x20 : 0) }
            let folded = value.map { $0 | 0x20 }
            let expected = sets.indices.filter { index in
                sets[index].contains { literal in folded.indices.contains { folded[$0...].starts(with: literal) } }
            }
            #expect(candidates(scanner, value) == expected, "\(sets) in \(value)")
        }
    }

    @Test func moreGroupsOfBytesThanItCountsOnlyLetMorePass() {
        // 256 sets of two bytes each, of which 128 are told apart.
        let sources = (0..<256).map {
            "[\\x\(String($0, radix: 16).leftPadded)\\x\(String(($0 + 64) % 256, radix: 16).leftPadded)]"
        }
        let scanner = LiteralScanner(sources.map { RequiredLiterals(expression: $0) })
        for byte in UInt8.min...UInt8.max {
            let found = candidates(scanner, [byte])
            #expect(found.contains(Int(byte)) && found.contains((Int(byte) + 192) % 256), "\(byte)")
            #expect(found.count < 256)
        }
    }

    @Test func anAnswerWithoutRoomIsLeftAlone() {
        let scanner = LiteralScanner([RequiredLiterals(expression: "a")])
        var none: [UInt64] = []
        var span = none.mutableSpan
        scanner.scan(bytes("a").span, into: &span)
        #expect(none.isEmpty)
        #expect(LiteralScanner([]).wordCount == 0)
    }

    @Test func timeIsLinearWhereEveryPlaceMayBeginALiteral() {
        let literals = (0..<40).map { bytes("select\($0 % 10)x") + [UInt8](repeating: 0x61, count: $0 % 7) }
        let scanner = LiteralScanner(literals.map { RequiredLiterals(phrases: [$0]) })
        for seed in ["select", "selec", "a", "1x"] {
            let unit = bytes(seed)
            let isLinear = isFlat { size in
                let value = (0..<size).map { unit[$0 % unit.count] }
                return {
                    var answer = [UInt64](repeating: 0, count: scanner.wordCount)
                    var span = answer.mutableSpan
                    scanner.scan(value.span, into: &span)
                }
            }
            #expect(isLinear, "\(seed)")
        }
    }
}

extension String {
    /// Two hexadecimal digits.
    fileprivate var leftPadded: String { count < 2 ? "0" + self : self }
}
