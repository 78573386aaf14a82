import java.io.BufferedReader;
import java.io.InputStreamReader;
import org.apache.maven.artifact.versioning.ComparableVersion;

/** Reads "a&lt;TAB&gt;b" lines, prints &lt;, = or &gt; for each. */
public class Maven {
    public static void main(String[] arguments) throws Exception {
        StringBuilder answers = new StringBuilder();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] versions = line.split("\t", -1);
            int order = new ComparableVersion(versions[0]).compareTo(new ComparableVersion(versions[1]));
            answers.append(order < 0 ? "<\n" : order > 0 ? ">\n" : "=\n");
        }
        System.out.print(answers);
    }
}
