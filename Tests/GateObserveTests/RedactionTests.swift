import GateObserve
import Testing

/// Attacks 77: credentials do not reach what people read.
@Suite struct RedactionTests {
    @Test(arguments: [
        "authorization", "Authorization", "PROXY-AUTHORIZATION", "cookie", "Set-Cookie", "x-api-key", "X_Api_Key",
        "x-auth-token", "x-amz-security-token", "x-csrf-token", "x-session-id", "client-secret",
    ])
    func fieldsWithCredentialsAreSensitive(name: String) {
        #expect(Redaction.isSensitive(field: name))
        #expect(!Redaction.value("hunter2", ofField: name).contains("hunter2"))
    }

    @Test(arguments: ["host", "accept", "content-type", "user-agent", "x-request-id", "keep-alive"])
    func otherFieldsAreShown(name: String) {
        #expect(!Redaction.isSensitive(field: name))
        #expect(Redaction.value("text", ofField: name) == "text")
    }

    @Test func aKnownSchemeStaysAndAnUnknownOneDoesNot() {
        #expect(Redaction.value("Bearer eyJhbGciOi", ofField: "authorization") == "Bearer [redacted]")
        #expect(Redaction.value("hunter2 rest", ofField: "authorization") == "[redacted]")
        #expect(Redaction.value("Bearer", ofField: "authorization") == "[redacted]")
    }

    @Test(arguments: [
        ("access_token=x&page=2", "access_token=[redacted]&page=2"),
        ("access%5Ftoken=x", "access%5Ftoken=[redacted]"), ("ACCESS_TOKEN=x=y", "ACCESS_TOKEN=[redacted]"),
        ("a=b;api_key=x;c", "a=b;api_key=[redacted];c"), ("code=x&state=y", "code=[redacted]&state=[redacted]"),
        ("token", "token"), ("", ""), ("&&=x", "&&=x"), ("%zz=1&%7=2", "%zz=1&%7=2"),
        ("+token+=x", "+token+=[redacted]"),
    ])
    func valuesOfSensitiveParametersAreHidden(query: String, shown: String) {
        #expect(Redaction.query(query) == shown)
    }

    @Test(arguments: [
        ("/a?token=x&b=1#frag", "/a?token=[redacted]&b=1#[redacted]"), ("/a", "/a"), ("/a@b?c", "/a@b?c"),
        ("https://user:pw@host/a?sig=1", "https://[redacted]@host/a?sig=[redacted]"),
        ("user:pw@host", "[redacted]@host"),
        ("https://host/@x", "https://host/@x"),
    ])
    func aTargetIsShownWithoutItsSecrets(target: String, shown: String) {
        #expect(Redaction.target(target) == shown)
    }

    @Test func aRefererIsShownWithoutItsSecrets() {
        #expect(Redaction.value("https://h/?code=1", ofField: "Referer") == "https://h/?code=[redacted]")
    }
}
