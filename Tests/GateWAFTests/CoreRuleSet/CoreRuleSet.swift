import Foundation
import GatePattern
import GateWAF
import Testing

/// A version of the Core Rule Set on this machine: its rules, its tests, and what its authors set to run these.
struct CoreRuleSet {
    /// The version, as the folder of its data is called.
    let name: String
    /// The files of its rules in their order.
    let files: [String]
    /// The tests below this folder.
    let tests: String

    /// What the suite asks for beyond the set's own setup: every paranoia level, and limits that its tests exceed.
    static let testSetup = """
        SecAction "id:900005,phase:1,nolog,pass,ctl:ruleRemoveById=910000,\\
            setvar:tx.paranoia_level=4,setvar:tx.blocking_paranoia_level=4,setvar:tx.crs_validate_utf8_encoding=1,\\
            setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,\\
            setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"

        """

    /// Debian's rules with the tests of version 3.3.4, and version 4.28.0; those whose files are here.
    static let installed: [CoreRuleSet] = {
        guard let data = ProcessInfo.processInfo.environment["PORTCULLIS_TEST_DATA"] else { return [] }
        return [
            CoreRuleSet(
                name: "crs-3.3.4", setup: "/etc/modsecurity/crs/crs-setup.conf",
                rules: "/usr/share/modsecurity-crs/rules",
                tests: "\(data)/crs-3.3.4/tests"),
            CoreRuleSet(
                name: "crs-4.28.0", setup: "\(data)/crs-4.28.0/crs-setup.conf.example",
                rules: "\(data)/crs-4.28.0/rules",
                tests: "\(data)/crs-4.28.0/tests"),
        ].compactMap { $0 }
    }()

    private init?(name: String, setup: String, rules: String, tests: String) {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: rules)) ?? []
        let rulesInOrder = found.filter { $0.hasSuffix(".conf") }.sorted().map { "\(rules)/\($0)" }
        guard !rulesInOrder.isEmpty, FileManager.default.fileExists(atPath: tests) else { return nil }
        self.name = name
        files = [setup] + rulesInOrder
        self.tests = tests
    }

    /// Whether there is any; prints the counted line of a skipped test where there is none.
    static func areInstalled() -> Bool {
        if installed.isEmpty { print("skipped: no data (1 test of the Core Rule Set)") }
        return !installed.isEmpty
    }

    /// The rules compiled by our compiler, set up for the tests.
    func compiled(setup: String = testSetup, mode: RuleSetMode = .detect) throws -> RuleSet {
        var sources = [RuleSource(path: "setup", bytes: Array(setup.utf8))]
        for file in files {
            sources.append(RuleSource(path: file, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: file)))))
        }
        var options = RuleSetOptions()
        options.mode = mode
        var problems: [RuleProblem] = []
        let set = RuleSet.compile(sources, files: DiskRuleFiles(), options: options, problems: &problems)
        return try #require(set, "\(problems.prefix(5))")
    }
}

/// Files of phrases, from the disk.
struct DiskRuleFiles: RuleFiles {
    func contents(of path: String) throws(RuleFileProblem) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RuleFileProblem(message: "no such file")
        }
        return Array(data)
    }
}

/// Runs messages through our engine, one after the other, in one inspection.
final class EngineRunner {
    let inspection: Inspection

    init(_ ruleSet: RuleSet) {
        inspection = Inspection(ruleSet: ruleSet, scratch: MatchScratch())
    }

    /// The rules that matched a message and its response; `failure` where a phase had no answer.
    func run(_ message: RegressionMessage) -> (matches: [RuleMatch], failure: InspectionFailure?) {
        let address = Array("127.0.0.1".utf8)
        let id = Array("test".utf8)
        let version = Array("HTTP/1.1".utf8)
        inspection.begin()
        _ = message.request.addHead(to: &inspection.variables, remoteAddress: address.span, uniqueID: id.span)
        var failure = failed(inspection.evaluate(.requestHeaders))
        let controls = inspection.bodyControls
        if controls.readsBody { _ = inspection.variables.addRequestBody(message.body.span, controls: controls) }
        failure = failure ?? failed(inspection.evaluate(.requestBody))
        let response = message.response
        inspection.variables.addResponseLine(status: response.status, protocolName: version.span)
        for field in response.fields {
            inspection.variables.addResponseHeader(name: field.name.span, value: field.value.span)
        }
        failure = failure ?? failed(inspection.evaluate(.responseHeaders))
        if !response.body.isEmpty { inspection.variables.addResponseBody(response.body.span) }
        failure = failure ?? failed(inspection.evaluate(.responseBody))
        failure = failure ?? failed(inspection.evaluate(.logging))
        return (inspection.matches, failure)
    }

    private func failed(_ verdict: InspectionVerdict) -> InspectionFailure? {
        guard case .failed(let failure) = verdict else { return nil }
        return failure
    }
}
