import GatePattern
import GateWAF

/// A transformation, which the first byte names: what it says of its output is true, and the output is bounded.
func transform(_ bytes: [UInt8]) {
    guard let choice = bytes.first, !Transformation.allCases.isEmpty else { return }
    let transformation = Transformation.allCases[Int(choice) % Transformation.allCases.count]
    let input = Array(bytes.dropFirst())
    var output: [UInt8] = [1, 2, 3]
    let changed = transformation.apply(to: input.span, into: &output)
    let traits = ByteTraits(of: input.span)
    if traits.isDisjoint(with: transformation.triggers) {
        require(!changed, "a value without triggers is changed")
    }
    guard changed else { return }
    require(output != input, "a change is none")
    require(output.count <= max(input.count * 4, 20), "an output without bound")
}

/// Operators: the value and the parameter stand on either side of the first zero byte.
func compare(_ bytes: [UInt8]) {
    let (value, parameter) = halves(bytes)
    for test in TextOperator.allCases {
        guard let match = test.firstMatch(in: value.span, parameter: parameter.span) else { continue }
        require(match.lowerBound >= 0 && match.upperBound <= value.count, "a match outside the value")
        if test == .contains { require(value[match].elementsEqual(parameter), "a match that is none") }
    }
    for test in NumericOperator.allCases { _ = test.matches(value.span, parameter: parameter.span) }
    for test in EncodingOperator.allCases {
        if let offence = test.firstOffence(in: value.span) {
            require(value.indices.contains(offence), "an offence outside")
        }
    }
    let text = String(decoding: parameter, as: UTF8.self)
    if let set = ByteRangeSet(parameter: text), let offence = set.firstOffence(in: value.span) {
        require(!set.contains(value[offence]), "an allowed byte offends")
    }
    if let set = try? AddressOperator(parameter: text) { _ = set.contains(value.span) }
    for set in [PhraseSet(parameter: parameter), PhraseSet(lines: parameter)] {
        guard let set, let match = set.firstMatch(in: value.span) else { continue }
        let lowered = value[match].map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
        require(set.phrases.contains(lowered), "a phrase that is none")
    }
}

/// An expression behind the first zero byte, a value before it: what the prefilter rules out does not match.
func prefilter(_ bytes: [UInt8]) {
    let (value, expression) = halves(bytes)
    let source = String(decoding: expression, as: UTF8.self)
    let scanner = LiteralScanner([RequiredLiterals(expression: source)])
    var answer = [UInt64](repeating: 0, count: 1)
    var span = answer.mutableSpan
    scanner.scan(value.span, into: &span)
    guard answer[0] == 0,
        let pattern = try? Pattern(source, subject: .bytes, options: [.dotMatchesNewline, .multiline])
    else { return }
    require(pattern.matches(value.span, in: MatchScratch()) != .match, "a match is ruled out")
}

private func halves(_ bytes: [UInt8]) -> ([UInt8], [UInt8]) {
    let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
    return (Array(bytes[..<end]), Array(bytes[end...].dropFirst()))
}

/// A condition that must hold, in every build.
func require(_ condition: Bool, _ what: StaticString) {
    // TRAP: this is how a fuzz target reports a finding.
    if !condition { fatalError("\(what)") }
}
