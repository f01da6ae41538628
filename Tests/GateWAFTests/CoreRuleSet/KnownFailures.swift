/// Tests of the Core Rule Set's suites that do not pass, and why.
enum KnownFailures {
    /// Version to test to reason.
    static let reasons: [String: [String: String]] = [
        "crs-3.3.4": [
            "920181-1": framing,
            "920460-1": apache, "920460-2": apache, "920460-3": apache, "920460-4": apache,
            "921140-1": carriageReturn,
            "941330-1": apache,
        ],
        "crs-4.28.0": ["920181-1": framing, "921140-1": carriageReturn],
    ]

    private static let framing =
        "Apache drops Content-Length beside Transfer-Encoding; the gateway refuses the request before"
    private static let carriageReturn =
        "a server refuses a bare carriage return in a header before the rules, as the gateway does"
    private static let apache =
        "the rule doubles its backslashes for Apache's parser; ModSecurity 3 reads them as we do"
}
