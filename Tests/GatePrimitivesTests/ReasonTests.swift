import GatePrimitives
import Testing

@Suite struct ReasonTests {
    @Test func everyReasonHasItsOwnWord() {
        #expect(Set(Reason.allCases.map(\.rawValue)).count == Reason.allCases.count)
    }

    @Test func aFaultWithoutAPublicCodeIsAnInternalError() {
        #expect(Fault(.relay, .clientAborted).code == .internalError)
    }

    @Test func refusalsByPolicyKeepTheConnection() {
        #expect(Reason.rateLimited.keepsConnection)
        #expect(!Reason.clAndTe.keepsConnection)
    }
}
