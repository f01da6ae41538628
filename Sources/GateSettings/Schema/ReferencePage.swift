extension Settings {
    /// The page `docs/reference/configuration.md`: every key, from the declarations that decoding uses.
    public static var referencePage: String {
        var page = """
            # Configuration

            <!-- Made from the schema in Sources/GateSettings/Settings by `make goldens`; do not edit. -->

            Every key, its type, its default and what it does. `portcullis check --config gateway.yaml` validates a file \
            without opening a socket. Keys marked *not in this version* are errors, never ignored.


            """
        var seen: Set<String> = []
        for section in reference where seen.insert(section.path).inserted { page += section.markdown + "\n" }
        return String(page.dropLast())
    }

    /// Every section of the reference, in its order.
    static var reference: [ReferenceSection] { schema.sections }

    /// Declarations that contradict themselves; a test holds that there is none.
    static var schemaProblems: [String] {
        schema.problems + ListenerSettings.schema.problems + TLSSettings.schema.problems
            + CertificateSettings.schema.problems + HSTSSettings.schema.problems
            + ClientAddressSettings.schema.problems + ListenerLimitSettings.schema.problems
            + WAFSettings.schema.problems + WAFThresholdSettings.schema.problems
            + WAFExclusionSettings.schema.problems + WAFBodySettings.schema.problems
            + WAFResponseSettings.schema.problems
            + ListenerTimeoutSettings.schema.problems + AdminSettings.schema.problems
            + TelemetrySettings.schema.problems + LogSettings.schema.problems + ProcessSettings.schema.problems
            + IdentitySettings.schema.problems + JWTSettings.schema.problems + LimitSettings.schema.problems
            + UpstreamSettings.schema.problems + EndpointSettings.schema.problems
            + UpstreamTLSSettings.schema.problems + ClientCertificateSettings.schema.problems
            + UpstreamTimeoutSettings.schema.problems + KeepAliveSettings.schema.problems
            + DefaultSettings.schema.problems + RouteSettings.schema.problems + RouteMatchSettings.schema.problems
            + IdentityUseSettings.schema.problems + BodySettings.schema.problems + PathSettings.schema.problems
            + RouteTimeoutSettings.schema.problems + CORSSettings.schema.problems + HeaderSettings.schema.problems
            + HeaderEditSettings.schema.problems + RewriteSettings.schema.problems
    }
}
