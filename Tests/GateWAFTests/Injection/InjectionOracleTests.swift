import Foundation
import GateWAF
import Testing

/// Our two detectors against libinjection: nothing that it finds is missed, and verdicts agree.
@Suite(.serialized) struct InjectionOracleTests {
    private static let environment = ProcessInfo.processInfo.environment
    private let corpus = InjectionCorpus(testData: environment["PORTCULLIS_TEST_DATA"])
    /// PORTCULLIS_INJECTION_MUTATIONS=1000000 for the long run.
    private let rounds = environment["PORTCULLIS_INJECTION_MUTATIONS"].flatMap { Int($0) } ?? 50_000

    private func oracle() -> InjectionOracle? {
        if Self.environment["PORTCULLIS_TEST_DATA"] == nil { print("skipped: no data (1 corpus of injections)") }
        guard let oracle = InjectionOracle() else {
            print("skipped: no libmodsecurity.so.3 (1 test)")
            return nil
        }
        return oracle
    }

    @Test func everySeedGetsTheFingerprintOfTheOracle() throws {
        guard let oracle = oracle() else { return }
        for seed in corpus.seeds {
            let ours = SQLInjection.detect(seed.span)?.description
            let theirs = oracle.sqlFingerprint(of: seed)
            #expect(ours == theirs, "\(text(seed))")
        }
    }

    @Test func everySeedGetsTheVerdictOfTheOracleOnScript() throws {
        guard let oracle = oracle() else { return }
        for seed in corpus.seeds {
            #expect(ScriptInjection.detect(seed.span) == oracle.isScript(seed), "\(text(seed))")
        }
    }

    @Test func mutationsGetTheFingerprintOfTheOracle() throws {
        guard let oracle = oracle() else { return }
        var found = 0
        try compare { value in
            let theirs = oracle.sqlFingerprint(of: value)
            if theirs != nil { found += 1 }
            return (SQLInjection.detect(value.span)?.description ?? "none", theirs ?? "none")
        }
        #expect(found > rounds / 20, "the mutations hardly attack")
    }

    @Test func mutationsGetTheVerdictOfTheOracleOnScript() throws {
        guard let oracle = oracle() else { return }
        var found = 0
        try compare { value in
            let theirs = oracle.isScript(value)
            if theirs { found += 1 }
            return (ScriptInjection.detect(value.span) ? "script" : "none", theirs ? "script" : "none")
        }
        #expect(found > rounds / 20, "the mutations hardly attack")
    }

    /// Asks both about every mutation: 99.5 % must agree, and no verdict may be "none" where the oracle's is not.
    private func compare(_ verdicts: ([UInt8]) -> (ours: String, theirs: String)) throws {
        var random = Seeded(state: 20_261_125)
        var differences = 0
        var missed = 0
        for _ in 0..<rounds {
            let value = corpus.mutation(&random)
            let (ours, theirs) = verdicts(value)
            guard ours != theirs else { continue }
            differences += 1
            if ours == "none" { missed += 1 }
            if differences <= 20 { print("differs: \(text(value)): \(ours), oracle: \(theirs)") }
        }
        print("\(rounds) mutations of \(corpus.seeds.count) seeds: \(differences) differ, \(missed) missed")
        #expect(differences * 200 <= rounds)
        #expect(missed == 0)
    }

    private func text(_ value: [UInt8]) -> String { String(decoding: value, as: UTF8.self).debugDescription }
}
